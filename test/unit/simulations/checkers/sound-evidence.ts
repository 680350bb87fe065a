import type { RawEntry } from '../../../../simulations/checkers/raw-entry.ts';
import type { NodeEvidence, RunEvidence } from '../../../../simulations/checkers/run-evidence.ts';
import { type HistoryEvent, messageKey } from '../../../../simulations/index.ts';

/** Evidence whose parts a test may change. */
export type Doctored<T> = {
  -readonly [K in keyof T]: T[K] extends ReadonlyMap<infer Key, infer Value>
    ? Map<Key, Value>
    : T[K] extends ReadonlySet<infer Item>
      ? Set<Item>
      : T[K] extends readonly (infer Item)[]
        ? Item[]
        : T[K];
};

export type SoundNode = Doctored<Omit<NodeEvidence, 'disk'>> & { disk: Doctored<NodeEvidence['disk']> };
export type SoundEvidence = Doctored<Omit<RunEvidence, 'nodes'>> & { nodes: SoundNode[] };

const KEY_OF_A = 'aa'.repeat(32);

/** An entry of one message of node `a`. */
export function entryOf(seq: number, change: Partial<RawEntry> = {}): RawEntry {
  return {
    id: `id of ${seq}`,
    author: KEY_OF_A,
    channel: 'main',
    epoch: '01',
    seq,
    count: 1,
    skip: 0,
    prev: seq === 1 ? null : `id of ${seq - 1}`,
    ttlSeconds: 0,
    bytes: 300,
    messages: [{ seq, topic: 'site/temp', content: `message ${seq}` }],
    ...change,
  };
}

/** A delivery of a message of `a` to the application at a node. */
export function delivery(node: string, seq: number, change: Partial<HistoryEvent> = {}): HistoryEvent {
  return {
    t: seq,
    event: 'delivery',
    node,
    author: 'a',
    channel: 'main',
    epoch: '01',
    seq,
    topic: 'site/temp',
    content: `message ${seq}`,
    late: false,
    subscription: 0,
    ...change,
  };
}

/** Node `a` published five messages, `a` and `b` hold and delivered them; nothing is wrong with it. */
export function soundEvidence(): SoundEvidence {
  const entries = [1, 2, 3, 4, 5].map((seq) => entryOf(seq));
  const node = (name: string): SoundNode => ({
    name,
    running: true,
    disk: {
      entries: new Set(entries),
      own: new Set(name === 'a' ? entries : []),
      letGo: new Map(),
      bytes: 4_000,
      recordBytes: 5 * 328,
    },
    saysLast: new Map([[`main ${KEY_OF_A} 01`, 5]]),
    subscriptions: [
      { index: 0, filters: ['site/#'], options: { from: 'all' }, sinceSeconds: 0, closed: false },
    ],
  });
  return {
    events: entries.flatMap(({ seq }): HistoryEvent[] => [
      { ...delivery('a', seq), event: 'publish' },
      delivery('a', seq),
      delivery('b', seq),
    ]),
    nodes: [node('a'), node('b')],
    proofs: [],
    names: new Map([[KEY_OF_A, 'a']]),
    attempted: new Map(entries.map(({ seq }) => [messageKey(delivery('a', seq)), 1])),
    published: entries.map(({ seq }) => ({
      node: 'a',
      channel: 'main',
      epoch: '01',
      seq,
      topic: 'site/temp',
      content: `message ${seq}`,
      durable: true,
      atMs: seq * 1_000,
    })),
    groups: [['a', 'b']],
    heapBytes: 50_000_000,
  };
}
