import { readBridges } from '../../../../node/gateways/mqtt-bridge/bridge-options.ts';
import {
  type BridgeStatus,
  type BridgeTiming,
  MqttBridges,
} from '../../../../node/gateways/mqtt-bridge/index.ts';
import { silentLog } from '../../../../src/errors/index.ts';
import type { DeliveredMessage } from '../../../../src/index.ts';
import type { WorldNode } from '../../mesh/mesh-world.ts';

/** The lease is long: on a busy machine a node that goes on must not seem to be gone. */
const TIMING: BridgeTiming = { announceMs: 200, leaseMs: 5_000, settleMs: 400 };

/** The bridges of a node in memory, and what arrived at the node. */
export class BridgedNode {
  readonly node: WorldNode;
  readonly bridges: MqttBridges;
  readonly got: DeliveredMessage[] = [];

  private constructor(node: WorldNode, bridges: MqttBridges) {
    this.node = node;
    this.bridges = bridges;
  }

  static async start(node: WorldNode, ...bridges: readonly object[]): Promise<BridgedNode> {
    const read = readBridges(bridges);
    if (!read.ok) throw new Error(read.reason);
    const { mesh } = node;
    const made = new BridgedNode(
      node,
      new MqttBridges(read.value, { mesh, log: silentLog, nowMs: Date.now }, TIMING),
    );
    void made.#read();
    await made.bridges.start();
    return made;
  }

  get status(): BridgeStatus {
    return this.bridges.status()[0]!;
  }

  /** Payloads of what arrived on topics that start so. */
  payloads(beginning: string): string[] {
    const found = this.got.filter(({ topic }) => topic.startsWith(beginning));
    return found.map(({ payload }) => Buffer.from(payload).toString());
  }

  async #read(): Promise<void> {
    for await (const delivery of this.node.mesh.subscribe('#', { from: 'all' })) {
      if (delivery.kind === 'message') this.got.push(delivery);
    }
  }
}

/** Texts of a series of numbers. */
export function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index + 1}`);
}

/** In the order of their numbers. */
export function sorted(texts: readonly string[]): string[] {
  return texts.toSorted((a, b) => Number(a) - Number(b));
}
