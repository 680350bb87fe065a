import { randomBytes } from 'node:crypto';
import { Counters, silentLog } from '../../../src/errors/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import { type CrashOptions, type Disk, MemoryDisk } from '../../../src/journal/index.ts';
import { Mesh, type MeshOptions } from '../../../src/mesh/index.ts';
import {
  type ChannelDeclaration,
  createRealm,
  grantNode,
  makeRecord,
  Realm,
  type RealmAnchor,
  type RealmDirectory,
} from '../../../src/realm/index.ts';
import { MemoryNetwork, type MemoryOverlay } from '../../contract/memory-network.ts';
import { until } from '../overlay/test-overlays.ts';

export { until };

/** Settings of a {@link MeshWorld}. */
export interface WorldOptions {
  readonly channels?: readonly ChannelDeclaration[];
}

/** Settings of a node, kept over its restarts. */
export interface WorldNodeOptions {
  readonly commitIntervalMs?: number;
  readonly introduce?: 'start' | 'publish';
  readonly sync?: {
    readonly helloIntervalMs?: number;
    readonly holeDelayMs?: number;
    readonly pullStallMs?: number;
  };
  readonly forks?: { readonly reportDelayMs?: number; readonly settleMs?: number; readonly restMs?: number };
  /** What is kept, and other settings of a mesh. */
  readonly mesh?: Partial<MeshOptions>;
  /** Never joins the gossip. */
  readonly syncOnly?: boolean;
  /** Another node's key and place: a clone. */
  readonly place?: RealmDirectory;
  /** @defaultValue a new {@link MemoryDisk} */
  readonly disk?: Disk;
  /** Added to the clock, milliseconds. */
  readonly skewMs?: () => number;
}

/** A realm of real meshes on memory disks and a memory network. */
export class MeshWorld {
  readonly network = new MemoryNetwork();
  readonly anchor: RealmAnchor;
  readonly root: Identity;
  readonly record: Uint8Array;
  readonly nodes: WorldNode[] = [];

  constructor({ channels = [] }: WorldOptions = {}) {
    const { anchor, root } = createRealm({ name: 'test' });
    this.anchor = anchor;
    this.root = root;
    this.record = makeRecord({ anchor, issuer: root, version: 1, name: 'test', channels, shards: 1 });
  }

  /** What a node's directory says. */
  place(name: string, role: 'member' | 'admin' = 'member'): RealmDirectory {
    const { anchor, root, record } = this;
    const identity = Identity.generate(randomBytes);
    const chain = grantNode({ anchor, issuer: root, subject: identity.publicKey, name, role });
    const admin = role === 'admin';
    const own = { root: admin ? root : null, record: admin ? record : null };
    return { directory: `/${name}`, identity, anchor, chain, addresses: [], nodeName: name, ...own };
  }

  /** A node that is started. The first one is an admin. */
  async node(name: string, options: WorldNodeOptions = {}): Promise<WorldNode> {
    const place = options.place ?? this.place(name, this.nodes.length === 0 ? 'admin' : 'member');
    const node = new WorldNode(this, place, options);
    this.nodes.push(node);
    await node.start();
    return node;
  }

  /** Nodes in a line, each linked to the next. */
  async line(names: readonly string[], options: WorldNodeOptions = {}): Promise<WorldNode[]> {
    const nodes: WorldNode[] = [];
    for (const name of names) {
      const node = await this.node(name, options);
      const before = nodes.at(-1);
      if (before !== undefined) await this.link(before, node);
      nodes.push(node);
    }
    return nodes;
  }

  /** Links two nodes, and waits until both have a session. */
  async link(a: WorldNode, b: WorldNode): Promise<void> {
    this.network.heal(a.overlay, b.overlay);
    a.want(b);
    await until(
      () => isInSync(a, b) && isInSync(b, a),
      `${a.place.nodeName} and ${b.place.nodeName} are in sync`,
    );
  }

  cut(a: WorldNode, b: WorldNode): void {
    this.network.cut(a.overlay, b.overlay);
  }

  heal(a: WorldNode, b: WorldNode): void {
    this.network.heal(a.overlay, b.overlay);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop().catch(() => {})));
    await this.network.stop();
  }
}

/** A node that can be stopped, crashed and started again. */
export class WorldNode {
  readonly place: RealmDirectory;
  readonly #world: MeshWorld;
  readonly #options: WorldNodeOptions;
  readonly #wants = new Set<WorldNode>();
  readonly listen: string;
  disk: Disk;
  overlay: MemoryOverlay;
  mesh: Mesh;
  realm: Realm;
  counters = new Counters();

  constructor(world: MeshWorld, place: RealmDirectory, options: WorldNodeOptions) {
    this.#world = world;
    this.place = place;
    this.#options = options;
    this.disk = options.disk ?? new MemoryDisk();
    this.overlay = world.network.make(place.identity.nodeId);
    this.listen = this.overlay.addresses()[0]!.split('/p2p/')[0]!;
    this.realm = new Realm(place.anchor);
    this.mesh = this.#make();
  }

  get memoryDisk(): MemoryDisk {
    return this.disk as MemoryDisk;
  }

  want(peer: WorldNode): void {
    this.#wants.add(peer);
    this.overlay.want(peer.overlay.addresses()[0]!, 'given');
  }

  async start(): Promise<void> {
    await this.mesh.start();
  }

  /** Bytes arrive by gossip, from somebody. */
  gossipIn(bytes: Uint8Array): void {
    this.overlay.inject(`/sedge/1/${this.realm.id}/0`, bytes, this.mesh.node);
  }

  stop(): Promise<void> {
    return this.mesh.stop();
  }

  /** Stops in order and starts again on the same disk. */
  async restart(): Promise<void> {
    await this.mesh.stop();
    await this.#again();
  }

  /** The power goes. Nothing is stopped in order; the process is gone. */
  async crash(options: CrashOptions): Promise<void> {
    await this.overlay.stop();
    const survived = this.memoryDisk.crash(options);
    // The dead process's timers end; its disk refuses everything.
    await this.mesh.stop().catch(() => {});
    this.disk = survived;
  }

  /** Starts again after {@link WorldNode.crash}. */
  async revive(): Promise<void> {
    await this.#again();
  }

  async #again(): Promise<void> {
    const admits = (node: typeof this.overlay.self) => this.realm.standing(node).status !== 'revoked';
    this.overlay = this.#world.network.make(this.place.identity.nodeId, { listen: this.listen, admits });
    for (const peer of this.#wants) this.overlay.want(peer.overlay.addresses()[0]!, 'given');
    this.realm = new Realm(this.place.anchor);
    this.mesh = this.#make();
    await this.mesh.start();
  }

  #make(): Mesh {
    const { commitIntervalMs = 0, introduce = 'start', sync = {}, forks = {} } = this.#options;
    const { syncOnly = false, skewMs = () => 0 } = this.#options;
    const { overlay } = this;
    if (syncOnly) {
      overlay.join = () => {};
      overlay.publish = () => false;
    }
    return new Mesh(
      { directory: this.place.directory, commitIntervalMs, introduce, sync, forks, ...this.#options.mesh },
      {
        place: this.place,
        realm: this.realm,
        overlay,
        disk: this.disk,
        nowMs: () => Date.now() + skewMs(),
        random: Math.random,
        randomBytes,
        counters: this.counters,
        log: silentLog,
      },
    );
  }
}

function isInSync(a: WorldNode, b: WorldNode): boolean {
  return a.mesh.peers().some(({ node, sync }) => node === b.mesh.node && sync === 'in-sync');
}
