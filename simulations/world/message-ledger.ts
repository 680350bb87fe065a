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
        const { topic, atMs, seq, channel, expires } = message;
        if (expires) continue;
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

/** Messages that were acknowledged as durable, and that no running node has heard of. */
export function unheard(mesh: SimulatedMesh): Violation[] {
  const heardThrough = new Map<string, number>();
  for (const { channel, author, epoch, last } of mesh.nodes.flatMap((node) => node.logs())) {
    const key = `${channel} ${author} ${epoch}`;
    heardThrough.set(key, Math.max(last, heardThrough.get(key) ?? 0));
  }
  return mesh.published
    .filter(({ channel, author, epoch, seq, durable }) => {
      return durable && seq > (heardThrough.get(`${channel} ${author} ${epoch}`) ?? 0);
    })
    .map(({ node, seq, channel }) => {
      return { checker: 'heard', node, sentence: `nobody that runs has ${seq} of ${node} in ${channel}` };
    });
}
