import { randomBytes } from 'node:crypto';
import type { Log } from '../../../src/index.ts';
import type { BridgeMesh } from './bridge-mesh.ts';
import type { BridgeOptions } from './bridge-options.ts';
import { LoopWatchState } from './loop-watch-state.ts';
import { type BridgeStatus, type BridgeTiming, MqttBridge } from './mqtt-bridge.ts';

/** What {@link MqttBridges} works with. */
export interface MqttBridgesDependencies {
  readonly mesh: BridgeMesh;
  readonly log: Log;
  readonly nowMs: () => number;
}

/** All bridges of this node to outside brokers. */
export class MqttBridges {
  readonly #bridges: readonly MqttBridge[];

  constructor(bridges: readonly BridgeOptions[], deps: MqttBridgesDependencies, timing?: BridgeTiming) {
    const shared = {
      ...deps,
      random: Math.random,
      run: randomBytes(8).toString('hex'),
      loops: new LoopWatchState(),
    };
    this.#bridges = bridges.map((bridge) => new MqttBridge(bridge, shared, timing));
  }

  /** Starts all; brokers that cannot be reached do not hold it up. Rejects with what the mesh throws. */
  async start(): Promise<void> {
    for (const bridge of this.#bridges) await bridge.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#bridges.map((bridge) => bridge.stop()));
  }

  status(): BridgeStatus[] {
    return this.#bridges.map((bridge) => bridge.status());
  }
}
