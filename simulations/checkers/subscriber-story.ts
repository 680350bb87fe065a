import type { HistoryEvent } from '../world/history.ts';
import type { NodeEvidence, RunEvidence, SubscriptionEvidence } from './run-evidence.ts';

/** What one application got, in order, and when its node began anew. */
export interface SubscriberStory {
  readonly node: NodeEvidence;
  readonly subscription: SubscriptionEvidence;
  /** Deliveries and gaps of the subscription; starts, wiped and restored disks of its node after it was made. */
  readonly events: readonly HistoryEvent[];
  /** The node started again after the subscription was made. */
  readonly restarted: boolean;
}

const OF_NODE: ReadonlySet<HistoryEvent['event']> = new Set(['start', 'wipe', 'restore']);

const told = new WeakMap<RunEvidence, readonly SubscriberStory[]>();

/** The story of every subscription. */
export function subscriberStories(evidence: RunEvidence): readonly SubscriberStory[] {
  const known = told.get(evidence);
  if (known !== undefined) return known;
  const bySubscription = new Map<string, HistoryEvent[]>();
  const byNode = new Map<string, HistoryEvent[][]>();
  for (const { name, subscriptions } of evidence.nodes) {
    const lists = subscriptions.map((): HistoryEvent[] => []);
    byNode.set(name, lists);
    for (const [at, { index }] of subscriptions.entries()) bySubscription.set(`${name} ${index}`, lists[at]!);
  }
  const since = new Map(
    evidence.nodes.map(({ name, subscriptions }) => [
      name,
      subscriptions.map(({ sinceSeconds }) => sinceSeconds),
    ]),
  );
  for (const event of evidence.events) {
    if (event.event === 'delivery' || event.event === 'gap')
      bySubscription.get(`${event.node} ${event.subscription}`)?.push(event);
    else if (OF_NODE.has(event.event))
      byNode.get(event.node)?.forEach((list, at) => {
        if (since.get(event.node)![at]! < event.t) list.push(event);
      });
  }
  const stories = evidence.nodes.flatMap((node) =>
    node.subscriptions.map((subscription, at): SubscriberStory => {
      const events = byNode.get(node.name)![at]!;
      return { node, subscription, events, restarted: events.some(({ event }) => event === 'start') };
    }),
  );
  told.set(evidence, stories);
  return stories;
}

/** As a person says it: whose application. */
export function titleOf({ node, subscription }: SubscriberStory): string {
  return `subscription ${subscription.index} (${subscription.filters.join(' ')}) at ${node.name}`;
}
