import { accept, type Result, refuse } from '../errors/index.ts';
import { limitBroken } from './topic-limits.ts';

const DOLLAR = 36;
const SLASH = 47;

/**
 * A filter over topics by MQTT's rules (OASIS MQTT 5.0, section 4.7): `+` is any one level, `#` at the end is the
 * level before it and all below; where a filter starts with a wildcard it matches no topic that starts with `$`.
 */
export class TopicFilter {
  readonly text: string;
  /** The levels before `#`, or all. */
  readonly #levels: readonly string[];
  /** Ends in `#`. */
  readonly #open: boolean;
  /** Starts with a wildcard. */
  readonly #wildStart: boolean;
  /** What the levels are as one text where none is `+`: the quick way. */
  readonly #literal: string | null;

  private constructor(text: string, levels: readonly string[]) {
    this.text = text;
    this.#open = levels.at(-1) === '#';
    this.#levels = this.#open ? levels.slice(0, -1) : levels;
    this.#wildStart = levels[0] === '+' || levels[0] === '#';
    this.#literal = this.#levels.includes('+') ? null : this.#levels.join('/');
  }

  /**
   * Reads a filter: 1 to 1,024 bytes and at most 64 levels. Refuses `topic.bad-filter` where `+` does not fill a
   * level or `#` is not the whole last one, and the codes of `checkTopic` for the rest.
   */
  static parse(text: string): Result<TopicFilter> {
    const broken = limitBroken(text);
    if (broken !== null) return refuse(broken);
    const levels = text.split('/');
    for (const [index, level] of levels.entries()) {
      if (level.length > 1 && (level.includes('+') || level.includes('#'))) return refuse('topic.bad-filter');
      if (level === '#' && index !== levels.length - 1) return refuse('topic.bad-filter');
    }
    return accept(new TopicFilter(text, levels));
  }

  /** True if the topic is one of the filter's. The topic is taken to be valid. Allocates nothing. */
  matches(topic: string): boolean {
    if (this.#wildStart && topic.charCodeAt(0) === DOLLAR) return false;
    if (this.#levels.length === 0) return true;
    return this.#literal === null ? this.#walk(topic) : this.#fits(topic, this.#literal);
  }

  #fits(topic: string, literal: string): boolean {
    if (!this.#open) return topic === literal;
    if (!topic.startsWith(literal)) return false;
    return topic.length === literal.length || topic.charCodeAt(literal.length) === SLASH;
  }

  #walk(topic: string): boolean {
    let at = 0;
    for (const level of this.#levels) {
      // Past the end: the topic has fewer levels than the filter.
      if (at > topic.length) return false;
      const slash = topic.indexOf('/', at);
      const end = slash === -1 ? topic.length : slash;
      if (level !== '+' && !(end - at === level.length && topic.startsWith(level, at))) return false;
      at = end + 1;
    }
    return at > topic.length || this.#open;
  }
}
