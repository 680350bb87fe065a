import type { Violation } from './checker.ts';
import type { SimulatedMesh } from './simulated-mesh.ts';

const CHECKER = 'delivered';

/**
 * Acknowledged messages that a subscription should have had and did not: it was there when the message was published,
 * or asked for all, and its node runs.
 */
export function undelivered(
  mesh: SimulatedMesh,
  options: { readonly topic?: string; readonly to?: readonly string[] },
): Violation[] {
  const found: Violation[] = [];
  for (const node of mesh.nodes) {
    if (!node.running || options.to?.includes(node.name) === false) continue;
    for (const subscription of node.subscriptions) {
      if (subscription.closed) continue;
      for (const message of mesh.published) {
        const { topic, atMs, seq, channel } = message;
        const wanted = subscription.options.from === 'all' || atMs >= subscription.sinceMs;
        if (!wanted || (options.topic ?? topic) !== topic || !subscription.matches(topic)) continue;
        if (subscription.got(message)) continue;
        const sentence = `${node.name} was not delivered ${seq} of ${message.node} in ${channel} (${topic})`;
        found.push({ checker: CHECKER, node: node.name, sentence });
      }
    }
  }
  return found;
}
