import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { publicKeyOf, type SubscribeOptions, TopicFilter } from '../../src/index.ts';
import type { HistoryEvent } from '../world/history.ts';
import type { PublishedMessage } from '../world/published-message.ts';
import type { SimulatedMesh } from '../world/simulated-mesh.ts';
import { type RawItem, readRawCbor } from './raw-cbor.ts';
import { type RawEntry, RawEntryReader } from './raw-entry.ts';
import { logKey, type RawDisk, readRawDisk } from './raw-journal.ts';

/** A subscription as its application asked for it. */
export interface SubscriptionEvidence {
  readonly index: number;
  readonly filters: readonly string[];
  readonly options: SubscribeOptions;
  /** When it was made, virtual seconds since the mesh was ready. */
  readonly sinceSeconds: number;
  readonly closed: boolean;
}

/** A message that was acknowledged. */
export type PublishedEvidence = Pick<
  PublishedMessage,
  'node' | 'channel' | 'epoch' | 'seq' | 'topic' | 'content' | 'durable' | 'atMs'
>;

/** A node at the end of a run. */
export interface NodeEvidence {
  readonly name: string;
  readonly running: boolean;
  readonly disk: RawDisk;
  /** Last number of each log (`logKey`) as the node itself says; empty while it is down. */
  readonly saysLast: ReadonlyMap<string, number>;
  readonly subscriptions: readonly SubscriptionEvidence[];
}

/**
 * All that checkers judge by: what applications did and got, and what lies on the disks, read past the code that is
 * checked. Plain data, so that a test of a checker can doctor it.
 */
export interface RunEvidence {
  readonly events: readonly HistoryEvent[];
  readonly nodes: readonly NodeEvidence[];
  /** Entries that proofs of forks, told in the realm's channel, are made of; they may lie on no disk by themselves. */
  readonly proofs: readonly RawEntry[];
  /** Names by public key, hexadecimal: of nodes and of hostile hosts. */
  readonly names: ReadonlyMap<string, string>;
  /** How often applications handed a message to a node, acknowledged or not, by `messageKey`. */
  readonly attempted: ReadonlyMap<string, number>;
  /** What was acknowledged to applications, in order. */
  readonly published: readonly PublishedEvidence[];
  /** Running nodes that can reach each other at the end, by name. */
  readonly groups: readonly (readonly string[])[];
  /** Bytes of the process's heap after a collection. */
  readonly heapBytes: number;
}

const gathered = new WeakMap<
  SimulatedMesh,
  { readonly at: string; readonly evidence: Promise<RunEvidence> }
>();

/** The evidence of a mesh as it is now; gathered once for all checkers. */
export function evidenceOf(mesh: SimulatedMesh): Promise<RunEvidence> {
  const at = `${mesh.sinceReadyMs} ${mesh.history.length} ${mesh.nodes.map(({ running }) => running).join()}`;
  const known = gathered.get(mesh);
  if (known?.at === at) return known.evidence;
  const evidence = gather(mesh);
  gathered.set(mesh, { at, evidence });
  return evidence;
}

async function gather(mesh: SimulatedMesh): Promise<RunEvidence> {
  const heapBytes = heapAfterCollection();
  const realmId = mesh.nodes[0]?.place.anchor.id ?? '';
  const reader = new RawEntryReader(Buffer.from(realmId, 'hex'));
  const nodes: NodeEvidence[] = [];
  for (const node of mesh.nodes) {
    const { name, running } = node;
    const says = node.logs().map((log) => [logKey({ ...log, author: keyOf(log.author) }), log.last] as const);
    nodes.push({
      name,
      running,
      disk: await readRawDisk(node.disk, reader),
      saysLast: new Map(says),
      subscriptions: node.subscriptions.map(({ index, filters, options, sinceMs, closed }) => ({
        index,
        filters,
        options,
        sinceSeconds: sinceMs / 1_000,
        closed,
      })),
    });
  }
  const names = new Map([...mesh.names].map(([id, name]) => [keyOf(id), name]));
  const { attempted, published } = mesh;
  const proofs = proofsIn(nodes, reader);
  return {
    events: mesh.history,
    nodes,
    proofs,
    names,
    attempted,
    published,
    groups: mesh.groups(),
    heapBytes,
  };
}

function keyOf(id: string): string {
  return Buffer.from(publicKeyOf(id) ?? []).toString('hex');
}

/** Filters of a subscription as one question. */
export function topicTest(filters: readonly string[]): (topic: string) => boolean {
  const parsed = filters.flatMap((text) => {
    const filter = TopicFilter.parse(text);
    return filter.ok ? [filter.value] : [];
  });
  return (topic) => parsed.some((filter) => filter.matches(topic));
}

/** Bytes of the heap that are in use. */
function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

/** Proofs are CBOR `[1, channel, entry, entry]`; longer ones come in parts, which no scenario has. */
function proofsIn(nodes: readonly NodeEvidence[], reader: RawEntryReader): RawEntry[] {
  const messages = new Set(nodes.flatMap(({ disk }) => [...disk.entries]).flatMap((entry) => entry.messages));
  return [...messages].flatMap(({ topic, payload }) => {
    if (topic !== '$realm/fork' || payload === undefined) return [];
    const [kind, , ...entries] = readRawCbor(payload) as RawItem[];
    if (kind !== 1) return [];
    return entries.flatMap((bytes) => reader.read(bytes as Uint8Array) ?? []);
  });
}
