import type { ReportedRun } from '../../../../simulations/report/fold-run.ts';
import type { HistoryEvent } from '../../../../simulations/world/history.ts';

const NODES = ['n1', 'n2', 'n3'];

function message(event: 'publish' | 'delivery', t: number, node: string, seq: number): HistoryEvent {
  return { t, event, node, author: 'n1', channel: 'main', epoch: 'e1', seq, topic: 'site/temp' };
}

/** Three nodes in a line; n3 is parted from the others from 10 to 50 s, n2 is down from 60 to 70 s. */
export const SAMPLE_HISTORY: readonly HistoryEvent[] = [
  { t: 0, event: 'start', node: 'n2' },
  { t: 0, event: 'up', node: 'n1', peer: 'n2' },
  { t: 0, event: 'up', node: 'n2', peer: 'n1' },
  { t: 0, event: 'up', node: 'n2', peer: 'n3' },
  message('publish', 5, 'n1', 1),
  message('delivery', 5, 'n1', 1),
  message('delivery', 5.1, 'n2', 1),
  message('delivery', 5.2, 'n3', 1),
  { t: 10, event: 'partition', node: '' },
  { t: 10, event: 'down', node: 'n2', peer: 'n3' },
  message('publish', 20, 'n1', 2),
  message('delivery', 20, 'n1', 2),
  message('delivery', 20.1, 'n2', 2),
  { t: 50, event: 'heal', node: '' },
  { t: 50, event: 'up', node: 'n2', peer: 'n3' },
  message('delivery', 52, 'n3', 2),
  { t: 60, event: 'crash', node: 'n2' },
  { t: 70, event: 'start', node: 'n2' },
];

/** A run with {@link SAMPLE_HISTORY}. */
export function sampleRun(changes: Partial<ReportedRun> = {}): ReportedRun {
  return {
    title: 'sample',
    summary: 'Three nodes in a line.',
    seed: 7,
    overlay: 'model',
    ok: true,
    replay: 'npx sedge simulate sample --seed 7',
    endSeconds: 100,
    realSeconds: 0.5,
    nodes: NODES,
    history: SAMPLE_HISTORY,
    traffic: [
      { t: 0, bytes: { gossip: 70, idle: 0 } },
      { t: 50, bytes: { gossip: 1_070, idle: 0 } },
      { t: 100, bytes: { gossip: 1_570, sync: 300, idle: 0 } },
    ],
    violations: [],
    ...changes,
  };
}
