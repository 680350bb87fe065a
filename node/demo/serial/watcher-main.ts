// The independent subscriber as a process of its own: node watcher-main.ts DIRECTORY
import { type AgentDelivery, connectAgent } from '../../control/client/index.ts';
import type { WatcherRecord } from './watcher.ts';

/** It wants everything: it waits for what is missing longer than any accident of the demo lasts. */
const GAP_PATIENCE_MS = 120_000;

const [directory = ''] = process.argv.slice(2);

function recordOf(delivery: AgentDelivery): WatcherRecord | null {
  if (delivery.kind === 'gap') return null;
  const { topic, origin } = delivery;
  const value = delivery.payloadText ?? '';
  if (origin !== undefined) {
    return { kind: 'reading', epoch: origin.epoch, counter: origin.counter, topic, value };
  }
  const [top, , what] = topic.split('/');
  if (top !== 'devices') return null;
  const told = JSON.parse(value) as Record<string, unknown>;
  switch (what) {
    case 'gap':
      return {
        kind: 'gap',
        epoch: Number(told.epoch),
        first: Number(told.first),
        last: told.last === null ? null : Number(told.last),
        reason: String(told.reason),
      };
    case 'status':
      return { kind: 'status', state: String(told.state), since: Number(told.since) };
    case 'alarm':
      return { kind: 'alarm', cause: String(told.cause) };
    default:
      return null;
  }
}

async function main(): Promise<void> {
  const agent = connectAgent({ directory });
  const subscription = agent.subscribe(['air/#', 'devices/#'], {
    from: 'all',
    gapPatienceMs: GAP_PATIENCE_MS,
  });
  await subscription.opened();
  process.send?.([]);
  for (;;) {
    const deliveries = await subscription.nextBatch();
    if (deliveries.length === 0) return;
    process.send?.(deliveries.map(recordOf).filter((record) => record !== null));
  }
}

process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});
await main();
