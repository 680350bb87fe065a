/** What the bridge's own topics start with; readings may not. */
export const DEVICES_TOPIC = 'devices';

/** True for a topic on which no device may publish: it would speak for the bridge, or command others. */
export function isBridgeTopic(topic: string): boolean {
  return topic === DEVICES_TOPIC || topic.startsWith(`${DEVICES_TOPIC}/`);
}
