import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Counters,
  createRealm,
  type EpochId,
  grantNode,
  Identity,
  Libp2pOverlay,
  MemoryDisk,
  Mesh,
  makeRecord,
  Realm,
  type RealmAnchor,
  type RealmDirectory,
  sealEntry,
  silentLog,
} from '../../src/index.ts';
import { variantsOf, type Workload } from '../bench-run.ts';
import { CountedOverlay } from '../counted-overlay.ts';
import { type Figures, summarise, type WorkloadResult } from '../workload.ts';

const LOGS = 10_000;
const MISSING = 100_000;
const PAYLOAD = 'x'.repeat(64);
/** Longer than what is due right after a meeting, shorter than the next hello. */
const QUIET_MS = 1_500;
const WAIT_MS_MAX = 120_000;

/** What two nodes hold before they meet again, or for the first time. */
type Case = 'in-sync' | 'one-of-10000' | 'one-of-10000-first-meeting' | '100000-single' | '100000-batched';

const CASES: readonly Case[] = [
  'in-sync',
  'one-of-10000',
  'one-of-10000-first-meeting',
  '100000-single',
  '100000-batched',
];

/**
 * sync-bytes: what a meeting of two nodes costs in bytes of sync's streams each way, frames with their lengths,
 * without the grants and without encryption. Both nodes are in this process, on real sockets and 4 channels.
 */
export const measureSyncBytes: Workload = async (run) => {
  if (variantsOf(run, { all: ['library'] }).length === 0) return [];
  const results: WorkloadResult[] = [];
  for (const which of CASES) {
    run.progress(`sync-bytes ${which}`);
    const world = new World();
    try {
      const figures = await world.measure(which, run.isQuick ? 0.1 : 1);
      results.push(summarise({ workload: 'sync-bytes', variant: which }, [figures], 'bytesOut'));
    } finally {
      await world.stop();
    }
  }
  return results;
};

/** Two nodes of a realm with 4 channels. */
class World {
  readonly #realm = createRealm({ name: 'bench' });
  readonly #author = Identity.generate(randomBytes);
  readonly #nodes: Node[] = [];

  async measure(which: Case, scale: number): Promise<Figures> {
    const near = await this.#node('near');
    const far = await this.#node('far');
    switch (which) {
      case 'in-sync':
        return this.#inSync(near, far);
      case 'one-of-10000':
        return this.#oneOf(near, far, { logs: LOGS * scale, haveMet: true });
      case 'one-of-10000-first-meeting':
        return this.#oneOf(near, far, { logs: LOGS * scale, haveMet: false });
      default:
        return this.#missing(near, far, { count: MISSING * scale, singly: which === '100000-single' });
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map(({ mesh }) => mesh.stop()));
  }

  async #inSync(near: Node, far: Node): Promise<Figures> {
    for (const topic of ['t', 'alarm/t', 'bulk/t']) await near.mesh.publish(topic, PAYLOAD);
    await meet(near, far);
    await part(near, far);
    reset(near, far);
    await meet(near, far);
    return { bytesOut: near.overlay.bytes.out, bytesIn: near.overlay.bytes.in };
  }

  async #oneOf(
    near: Node,
    far: Node,
    { logs, haveMet }: { readonly logs: number; readonly haveMet: boolean },
  ): Promise<Figures> {
    for (let n = 0; n < logs; n++) {
      const entry = this.#entry(n, 1);
      await near.overlay.gossipIn(entry);
      await far.overlay.gossipIn(entry);
    }
    if (haveMet) {
      await meet(near, far);
      await part(near, far);
    }
    const more = this.#entry(Math.floor(logs / 2), 2);
    await near.overlay.gossipIn(more);
    reset(near, far);
    await meet(near, far);
    const sync = near.overlay.bytes.out + near.overlay.bytes.in;
    return {
      messages: logs,
      bytesOut: near.overlay.bytes.out,
      bytesIn: near.overlay.bytes.in,
      entryBytes: more.length,
      overhead: (sync - more.length) / more.length,
    };
  }

  async #missing(
    near: Node,
    far: Node,
    { count, singly }: { readonly count: number; readonly singly: boolean },
  ): Promise<Figures> {
    const before = near.mesh.channels().find(({ channel }) => channel === 'main')!;
    for (let n = 0; n < count; ) {
      const step = Array.from({ length: Math.min(4_096, count - n) }, (_, index) => ({
        topic: 't',
        payload: PAYLOAD,
        // Messages of different lifetimes do not share an entry.
        options: singly ? { ttlSeconds: 1_000_000 + ((n + index) % 2) } : {},
      }));
      await near.mesh.publishMany(step);
      n += step.length;
    }
    const after = near.mesh.channels().find(({ channel }) => channel === 'main')!;
    const entries = after.entries - before.entries;
    reset(near, far);
    await meet(near, far);
    const entryBytes = await entryBytesOf(near.mesh);
    const sync = near.overlay.bytes.out + near.overlay.bytes.in;
    return {
      messages: count,
      bytesOut: near.overlay.bytes.out,
      bytesIn: near.overlay.bytes.in,
      entryBytes,
      overhead: (sync - entryBytes) / entryBytes,
      entries,
    };
  }

  /** Entry number `seq` of an author in its epoch `n`: a log of its own. */
  #entry(n: number, seq: number): Uint8Array {
    const { anchor } = this.#realm;
    const epoch = n.toString(16).padStart(16, '0') as EpochId;
    const draft = {
      channel: 'main',
      epoch,
      skip: 0,
      timeMs: 1,
      ttlSeconds: 0,
      messages: [{ topic: 't', payload: Buffer.from(PAYLOAD), timeMs: 1 }],
    };
    const aad = new Realm(anchor).entryAad();
    const first = sealEntry({ ...draft, seq: 1, prev: null, lamport: 1 }, this.#author, aad);
    if (seq === 1) return first.bytes;
    return sealEntry({ ...draft, seq, prev: first.id, lamport: seq }, this.#author, aad).bytes;
  }

  async #node(name: string): Promise<Node> {
    const { anchor, root } = this.#realm;
    const identity = Identity.generate(randomBytes);
    const chain = grantNode({ anchor, issuer: root, subject: identity.publicKey, name });
    const channels = [
      { name: 'alarm', filter: 'alarm/#' },
      { name: 'bulk', filter: 'bulk/#' },
    ];
    const record = makeRecord({ anchor, issuer: root, version: 1, name: 'bench', channels, shards: 1 });
    const directory = `/${name}`;
    const place: RealmDirectory = {
      directory,
      identity,
      anchor,
      chain,
      addresses: [],
      nodeName: name,
      root: null,
      record,
    };
    const realm = new Realm(anchor);
    realm.offerGrantChain(
      grantNode({ anchor, issuer: root, subject: this.#author.publicKey, name: 'author', issuedAtMs: 1 }),
    );
    const node = new Node(place, realm, anchor);
    this.#nodes.push(node);
    await node.mesh.start();
    return node;
  }
}

/** A node on loopback with a disk in memory. */
class Node {
  readonly overlay: CountedOverlay;
  readonly mesh: Mesh;

  constructor(place: RealmDirectory, realm: Realm, anchor: RealmAnchor) {
    const counters = new Counters();
    const nowMs = Date.now;
    const random = Math.random;
    const shared = { log: silentLog, counters, nowMs, random };
    const overlay = new Libp2pOverlay(
      {
        seed: place.identity.seed,
        networkSecret: anchor.networkSecret,
        realmId: anchor.id,
        mdns: false,
        discovery: false,
        listen: ['/ip4/127.0.0.1/tcp/0'],
      },
      { ...shared, addressBook: { load: async () => [], save: async () => {} }, admits: () => true },
    );
    this.overlay = new CountedOverlay(overlay);
    this.mesh = new Mesh(
      { directory: place.directory },
      { ...shared, place, realm, overlay: this.overlay, disk: new MemoryDisk(), randomBytes },
    );
  }
}

/** Connects two nodes and waits until they are in sync and quiet. */
async function meet(near: Node, far: Node): Promise<void> {
  far.mesh.connect(near.overlay.addresses()[0]!);
  const isInSync = (node: Node) =>
    node.mesh.peers().some(({ sync, connected }) => connected && sync === 'in-sync');
  await until(() => isInSync(near) && isInSync(far) && holdSame(near, far));
  await sleep(QUIET_MS);
}

async function part(near: Node, far: Node): Promise<void> {
  near.overlay.unwant(far.overlay.self);
  far.overlay.unwant(near.overlay.self);
  await until(() => [near, far].every(({ mesh }) => mesh.peers().every(({ connected }) => !connected)));
}

function holdSame(near: Node, far: Node): boolean {
  const held = ({ mesh }: Node) => mesh.channels().map(({ channel, messages }) => `${channel} ${messages}`);
  return held(near).sort().join() === held(far).sort().join();
}

function reset(...nodes: readonly Node[]): void {
  for (const { overlay } of nodes) Object.assign(overlay.bytes, { out: 0, in: 0 });
}

async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error('The nodes did not come in step.');
    await sleep(10);
  }
}

/** Bytes of the entries of a node's main channel, as they travel: those of its bundle without the records around. */
async function entryBytesOf(mesh: Mesh): Promise<number> {
  let bytes = 0;
  const { readBundle } = await import('../../src/index.ts');
  for await (const part of readBundle(mesh.exportBundle({ channels: ['main'] }))) {
    if (part.kind === 'item' && part.item.kind === 'entry') bytes += part.item.bytes.length;
  }
  return bytes;
}
