import { SimulatedMesh } from '../world/simulated-mesh.ts';
import type { SimulatedNode } from '../world/simulated-node.ts';
import { randomLinks } from '../world/topology.ts';
import type { TrafficByKind } from '../world/virtual-network.ts';
import { DelayLog } from './delay-log.ts';
import type { ScaleRow, ScaleSetting } from './scale-row.ts';

/** Peers of a node, on average. */
const DEGREE = 6;
const LINK = { latencyMs: 20, jitterMs: 10 };
const PAYLOAD = Buffer.alloc(100, 'x');
const SECOND_MS = 1_000;
const IDLE_MS = 60_000;
/** What was published last has arrived by then. */
const ARRIVED_MS = 10_000;

/** What {@link measureMesh} tells and uses. */
export interface MeasureHooks {
  /** Told what is done now. */
  readonly onPhase?: (phase: string) => void;
  /** Frees what is not used, before memory is read. Without it memory is what happens to be there. */
  readonly collectGarbage?: () => void;
}

/** Makes a mesh, lets it talk, and measures. Takes the process's timers: one at a time. */
export async function measureMesh(setting: ScaleSetting, hooks: MeasureHooks = {}): Promise<ScaleRow> {
  const cpuBefore = process.cpuUsage();
  const bytesBefore = settledMemoryBytes(hooks);
  const delays = new DelayLog();
  const tell = (phase: string) => hooks.onPhase?.(phase);
  tell('connecting');
  const mesh = await SimulatedMesh.create({
    nodes: setting.nodes,
    overlay: setting.overlay,
    seed: setting.seed,
    topology: randomLinks({ degree: DEGREE }),
    link: LINK,
    all: { mesh: { introduce: 'publish' } },
    keepHistory: false,
    onEvent: (event) => delays.take(event),
  });
  try {
    const run = new MeasuredRun(mesh, setting, delays);
    tell('introducing publishers');
    const memoryBefore = settledMemoryBytes(hooks);
    const introductionBytesPerNode = await run.introduce();
    const authorMemory = (settledMemoryBytes(hooks) - memoryBefore) / setting.nodes / setting.publishers;
    tell('publishing');
    const published = await run.publish();
    tell('idle');
    const idle = await run.idle();
    const memoryBytesPerNode = Math.round((settledMemoryBytes(hooks) - bytesBefore) / setting.nodes);
    tell('catching up');
    const caughtUp = await run.catchUp();
    return {
      ...setting,
      linksPerNode: (2 * [...mesh.links.pairs()].length) / setting.nodes,
      introductionBytesPerNode,
      authorMemoryBytesPerNode: Math.round(authorMemory),
      ...published,
      ...idle,
      ...caughtUp,
      memoryBytesPerNode,
      virtualSeconds: Math.round(mesh.clock.elapsedMs / SECOND_MS),
      cpuSeconds: cpuSeconds(cpuBefore),
    };
  } finally {
    await mesh.stop();
  }
}

/** The parts of a measurement, in their order. */
class MeasuredRun {
  readonly #mesh: SimulatedMesh;
  readonly #setting: ScaleSetting;
  readonly #delays: DelayLog;
  readonly #publishers: readonly SimulatedNode[];
  #messages = 0;

  constructor(mesh: SimulatedMesh, setting: ScaleSetting, delays: DelayLog) {
    this.#mesh = mesh;
    this.#setting = setting;
    this.#delays = delays;
    // The first node is an admin, which all know from the start.
    this.#publishers = mesh.nodes.slice(1, 1 + setting.publishers);
    mesh.subscribeAll('scale/#');
  }

  async introduce(): Promise<number> {
    const { nodes, publishers } = this.#setting;
    const before = this.#sent();
    for (let index = 0; index < publishers; index++) await this.#publishOne(SECOND_MS);
    await this.#mesh.advance(ARRIVED_MS);
    const { gossip, sync } = this.#since(before);
    return Math.round((gossip + sync) / nodes / publishers);
  }

  async publish(): Promise<
    Pick<
      ScaleRow,
      'gossipBytesPerMessagePerNode' | 'deliveries' | 'undelivered' | 'delayP50Ms' | 'delayP99Ms'
    >
  > {
    const { messages, nodes } = this.#setting;
    const before = this.#sent();
    this.#delays.begin();
    for (let index = 0; index < messages; index++) await this.#publishOne(SECOND_MS);
    await this.#mesh.advance(ARRIVED_MS);
    const delays = this.#delays.end();
    return {
      gossipBytesPerMessagePerNode: Math.round(this.#since(before).gossip / messages / nodes),
      deliveries: delays.count,
      undelivered: messages * (nodes - 1) - delays.count,
      delayP50Ms: Math.round(delays.percentile(0.5)),
      delayP99Ms: Math.round(delays.percentile(0.99)),
    };
  }

  async idle(): Promise<Pick<ScaleRow, 'syncBytesPerNodePerMinute' | 'connectionBytesPerNodePerMinute'>> {
    const before = this.#sent();
    await this.#mesh.advance(IDLE_MS);
    const { sync, connection } = this.#since(before);
    return {
      syncBytesPerNodePerMinute: Math.round(sync / this.#setting.nodes),
      connectionBytesPerNodePerMinute: Math.round(connection / this.#setting.nodes),
    };
  }

  /** Cuts the last node off, publishes, and lets it return. */
  async catchUp(): Promise<Pick<ScaleRow, 'catchUpBytesPerMessage' | 'catchUpMs'>> {
    const mesh = this.#mesh;
    const { missed } = this.#setting;
    const node = mesh.nodes.at(-1)!;
    const [subscription] = node.subscriptions;
    const wanted = subscription!.received + missed;
    mesh.partition([[node.name]]);
    const others = this.#publishers.filter((publisher) => publisher !== node);
    for (let index = 0; index < missed; index++) {
      await others[index % others.length]!.publish(`scale/missed/${index}`, PAYLOAD);
      await mesh.advance(SECOND_MS / 10);
    }
    const before = this.#syncWith(node);
    const beganMs = mesh.clock.elapsedMs;
    mesh.heal();
    await mesh.until(() => subscription!.received >= wanted, 'the node has what it missed');
    const catchUpMs = Math.round(mesh.clock.elapsedMs - beganMs);
    // Others offer the same in the meantime.
    await mesh.advance(SECOND_MS);
    return { catchUpBytesPerMessage: Math.round((this.#syncWith(node) - before) / missed), catchUpMs };
  }

  /** Publishes at the next publisher and lets the rest of the time pass. */
  async #publishOne(everyMs: number): Promise<void> {
    const publisher = this.#publishers[this.#messages % this.#publishers.length]!;
    const topic = `scale/${this.#messages++}`;
    const beganMs = this.#mesh.clock.elapsedMs;
    this.#delays.published(topic, this.#mesh.sinceReadyMs / SECOND_MS);
    await publisher.publish(topic, PAYLOAD);
    await this.#mesh.advance(everyMs - (this.#mesh.clock.elapsedMs - beganMs));
  }

  #sent(): Sent {
    return sentOf(this.#mesh.network.traffic());
  }

  #since(before: Sent): Sent {
    const now = this.#sent();
    return {
      gossip: now.gossip - before.gossip,
      sync: now.sync - before.sync,
      connection: now.connection - before.connection,
    };
  }

  /** Bytes of sync between a node and its peers, both ways. */
  #syncWith(node: SimulatedNode): number {
    const { network, links } = this.#mesh;
    return links.neighbours(node.name).reduce((sum, peer) => {
      const there = sentOf(network.trafficOf(node.name, peer)).sync;
      return sum + there + sentOf(network.trafficOf(peer, node.name)).sync;
    }, 0);
  }
}

interface Sent {
  readonly gossip: number;
  readonly sync: number;
  readonly connection: number;
}

function sentOf(traffic: TrafficByKind): Sent {
  const sent = { gossip: 0, sync: 0, connection: 0 };
  for (const [kind, { bytes }] of Object.entries(traffic)) {
    if (kind === 'gossip' || kind === 'connection') sent[kind] += bytes;
    else sent.sync += bytes;
  }
  return sent;
}

function settledMemoryBytes({ collectGarbage }: MeasureHooks): number {
  collectGarbage?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function cpuSeconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / 1e5) / 10;
}
