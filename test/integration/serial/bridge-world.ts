import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  SerialBridge,
  type SerialBridgeOptions,
  type SerialPortInfo,
} from '../../../firmware-bridge/host/index.ts';
import { type DeliveredMessage, silentLog } from '../../../src/index.ts';
import { messagesOf } from '../../unit/mesh/deliveries.ts';
import { MeshWorld, until as untilWithin, type WorldNode } from '../../unit/mesh/mesh-world.ts';
import { PlugBoard, VirtualDevice, type VirtualDeviceOptions } from './virtual-device.ts';

/** Waits for what has to come; long, as a device that resets on a loaded machine takes its time. */
export function until(
  condition: () => boolean | Promise<boolean>,
  sentence: string | (() => string),
  ms = 30_000,
): Promise<void> {
  return untilWithin(condition, sentence, ms);
}

/** A node of a mesh with a bridge, and devices in C that are plugged in and out. */
export class BridgeWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'sedge-bridge-'));
  readonly board = new PlugBoard();
  readonly #world = new MeshWorld();
  readonly #devices: VirtualDevice[] = [];
  readonly #bridges: SerialBridge[] = [];
  #markers = 0;
  /** Ports that the system lists: what `auto` finds. */
  found: SerialPortInfo[] = [];
  node!: WorldNode;

  async start(): Promise<this> {
    this.node = await this.#world.node('pi');
    return this;
  }

  get mesh() {
    return this.node.mesh;
  }

  /** A started bridge over ports of the board. */
  async bridge(
    ports: readonly string[],
    options: Partial<SerialBridgeOptions> & { directory?: string } = {},
  ): Promise<SerialBridge> {
    const bridge = new SerialBridge(
      { directory: this.folder, ports, ...options },
      {
        mesh: this.mesh,
        log: silentLog,
        nowMs: Date.now,
        listPorts: async () => this.found,
        makeTransport: (address) => this.board.transport(address.kind === 'serial' ? address.path : ''),
      },
    );
    this.#bridges.push(bridge);
    await bridge.start();
    return bridge;
  }

  /** A running device; its memory is a file of its name, unless another is given. */
  device(name: string, options: Partial<VirtualDeviceOptions> = {}): VirtualDevice {
    const device = new VirtualDevice({ nv: join(this.folder, `${name}.nv`), ...options });
    this.#devices.push(device);
    return device;
  }

  /** All messages on a topic so far, in the order of delivery. */
  async readings(topic = 't'): Promise<DeliveredMessage[]> {
    const marker = `marker/${this.#markers++}`;
    const held = this.mesh.subscribe([topic, marker], { from: 'all' });
    const messages: DeliveredMessage[] = [];
    try {
      // What this node published before is delivered before it.
      await this.#publishMarker(marker);
      for (;;) {
        for (const message of messagesOf(await held.nextBatch(1_024))) {
          if (message.topic === marker) return messages;
          messages.push(message);
        }
      }
    } finally {
      await held.close();
    }
  }

  /** Also while the disk takes nothing for a moment. */
  async #publishMarker(marker: string): Promise<void> {
    await until(
      () =>
        this.mesh.publish(marker, '').then(
          () => true,
          () => false,
        ),
      'the disk takes something',
    );
  }

  async values(topic = 't'): Promise<string[]> {
    return (await this.readings(topic)).map(({ payload }) => Buffer.from(payload).toString());
  }

  /** Bodies of the JSON messages on a topic. */
  async bodies(topic: string): Promise<Record<string, unknown>[]> {
    return (await this.values(topic)).map((text) => JSON.parse(text) as Record<string, unknown>);
  }

  async waitFor(bridge: SerialBridge, device: string, state: string): Promise<void> {
    await until(
      () => bridge.devices().some((one) => one.name === device && one.state === state),
      () => `${device} is ${state}: ${JSON.stringify([bridge.devices(), bridge.ports()])}`,
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#bridges.map((bridge) => bridge.stop()));
    await Promise.all(this.#devices.map((device) => device.kill()));
    await this.#world.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
