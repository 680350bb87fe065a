import type { Entry } from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';
import { ALERTS_CHANNEL } from '../realm/index.ts';
import { checkTopic } from '../topic/index.ts';

/** Where a node may publish beside what applications publish: under its own id, so that nobody speaks for another. */
export function ownAlertTopics(node: NodeId): string {
  return `${ALERTS_CHANNEL}/${node}/`;
}

/** True for a topic of sedge's own that a node may publish on by itself. */
export function isOwnAlertTopic(topic: string, node: NodeId): boolean {
  return topic.startsWith(ownAlertTopics(node)) && checkTopic(topic, { allowReserved: true }).ok;
}

/** True for an entry of `$alerts` that speaks for another node than its author, or of anything else. */
export function speaksForOthers({ channel, author, messages }: Entry): boolean {
  if (channel !== ALERTS_CHANNEL || messages === null) return false;
  return messages.some(({ topic }) => !topic.startsWith(ownAlertTopics(author)));
}
