// The operations centre as a process of its own, so that it can be killed: node centre-main.ts DIRECTORY FILE
import { appendFileSync } from 'node:fs';
import { type AgentDelivery, connectAgent } from '../control/client/index.ts';
import type { CentreProgress } from './centre.ts';
import { writeCentreRecord } from './centre-record.ts';
import { OBSERVED_HEADER } from './readings.ts';

/** Messages asked for at once, which is also what a crash can repeat. */
const BATCH_MESSAGES = 512;
const REPORT_MS = 150;
/** The centre wants everything: it waits for what is missing longer than any accident of the demo lasts. */
const GAP_PATIENCE_MS = 120_000;

const [directory = '', file = ''] = process.argv.slice(2);
const stations = new Map<string, { count: number; latest: Record<string, string> }>();
let arrived = 0;

function note(delivery: AgentDelivery, batch: number): string {
  const { author, epoch } = delivery;
  if (delivery.kind === 'gap') {
    const { first, last } = delivery;
    return writeCentreRecord({ kind: 'gap', batch, author, epoch, first, last });
  }
  const { seq, topic } = delivery;
  const value = delivery.payloadText ?? '';
  const [, station = '', quantity = ''] = topic.split('/');
  const known = stations.get(station) ?? { count: 0, latest: {} };
  stations.set(station, known);
  known.count++;
  known.latest[quantity] = value;
  arrived++;
  const observed = delivery.headers?.[OBSERVED_HEADER] ?? '';
  return writeCentreRecord({ kind: 'message', batch, author, epoch, seq, topic, observed, value });
}

function report(): void {
  const progress: CentreProgress = { arrived, stations: Object.fromEntries(stations) };
  process.send?.(progress);
}

async function main(): Promise<void> {
  const agent = connectAgent({ directory });
  const subscription = agent.subscribe('air/#', {
    durable: 'operations-centre',
    from: 'all',
    gapPatienceMs: GAP_PATIENCE_MS,
  });
  await subscription.opened();
  setInterval(report, REPORT_MS);
  for (let batch = 1; ; batch++) {
    const deliveries = await subscription.nextBatch(BATCH_MESSAGES);
    if (deliveries.length === 0) return;
    // Written down before the next is asked for: that is what acknowledges.
    appendFileSync(file, deliveries.map((delivery) => note(delivery, batch)).join(''));
  }
}

process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});
await main();
