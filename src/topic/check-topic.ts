import { accept, type Result, refuse } from '../errors/index.ts';
import { limitBroken } from './topic-limits.ts';

/** Options of {@link checkTopic}. */
export interface CheckTopicOptions {
  /** Lets topics start with `$`: sedge's own. @defaultValue `false` */
  readonly allowReserved?: boolean;
}

/**
 * Checks a topic to publish on: 1 to 1,024 bytes of UTF-8, at most 64 levels, no wildcard, no NUL, no half of a
 * surrogate pair, no `$` at its start (OASIS MQTT 5.0, section 4.7). Levels may be empty. Refuses `topic.empty`,
 * `topic.too-long`, `topic.too-deep`, `topic.bad-character`, `topic.wildcard` and `topic.reserved`.
 */
export function checkTopic(text: string, options: CheckTopicOptions = {}): Result<string> {
  const broken = limitBroken(text);
  if (broken !== null) return refuse(broken);
  if (text.includes('+') || text.includes('#')) return refuse('topic.wildcard');
  if (text[0] === '$' && options.allowReserved !== true) return refuse('topic.reserved');
  return accept(text);
}
