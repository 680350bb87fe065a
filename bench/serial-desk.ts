import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentClient, type AgentSubscription, connectAgent } from '../node/control/client/index.ts';
import type { AgentProcess } from '../node/demo/agent-process.ts';
import { buildVirtualDevice } from '../node/demo/serial/build-virtual-device.ts';
import { VirtualDevice } from '../node/demo/serial/virtual-device.ts';
import { DeliveryLedger } from './delivery-ledger.ts';
import { makeRealm } from './make-realm.ts';
import { monotonicMs } from './monotonic-clock.ts';
import type { Stage } from './stage.ts';

/** How many devices, and how often each measures. */
export interface DeskPlan {
  readonly devices: number;
  readonly readingsPerSecond: number;
}

const ONLINE_MS_MAX = 60_000;
const RECEIVE_MS_MAX = 10_000;
/** Time for what arrives twice to arrive. */
const SETTLE_MS = 500;
const LOOK_MS = 50;
const RING_BYTES = 4_096;
/** Each device counts on through all phases; a phase's numbers begin at a multiple of this. */
const PHASE_NUMBERS = 1_000_000;

/** An agent with many virtual devices, each on a serial port of its own, and a subscriber at the agent. */
export class SerialDesk {
  readonly #plan: DeskPlan;
  readonly #devices: readonly VirtualDevice[];
  readonly #ports: readonly string[];
  readonly #agent: AgentProcess;
  readonly #client: AgentClient;
  readonly #subscription: AgentSubscription;
  #ledger: DeliveryLedger | null = null;
  #sentAtMs = new Float64Array(0);
  #phase = 0;

  private constructor(parts: {
    readonly plan: DeskPlan;
    readonly devices: readonly VirtualDevice[];
    readonly ports: readonly string[];
    readonly agent: AgentProcess;
    readonly client: AgentClient;
  }) {
    this.#plan = parts.plan;
    this.#devices = parts.devices;
    this.#ports = parts.ports;
    this.#agent = parts.agent;
    this.#client = parts.client;
    this.#subscription = parts.client.subscribe('bench/#');
  }

  /** Builds and boots the devices, and starts the agent on all their ports. */
  static async open(stage: Stage, plan: DeskPlan): Promise<SerialDesk> {
    const [directory, parts] = [stage.directory(), stage.directory()];
    await mkdir(parts, { recursive: true });
    const { device: program } = await buildVirtualDevice(parts, AbortSignal.timeout(ONLINE_MS_MAX));
    await makeRealm([directory]);
    const ports = Array.from({ length: plan.devices }, (_, index) => join(parts, `tty${index}`));
    const devices = ports.map(
      (pty, index) =>
        new VirtualDevice({
          program,
          nvFile: `${pty}.nv`,
          topics: [{ name: `bench/${index}`, type: 'int', unit: '' }],
          ringBytes: RING_BYTES,
          wire: { pty },
          onEvent() {},
        }),
    );
    for (const device of devices) device.powerOn();
    const agent = stage.agent({ directory, peers: [], serial: ports });
    await agent.ready();
    return new SerialDesk({ plan, devices, ports, agent, client: connectAgent({ directory }) });
  }

  /** Process id of the agent. */
  get pid(): number {
    return this.#agent.pid;
  }

  /** Gives each device its name and key, and waits until the subscriber has a reading of each. */
  async connect(): Promise<void> {
    await this.#subscription.opened();
    void this.#receive();
    for (const [index, port] of this.#ports.entries()) {
      await this.#client.provisionDevice(port, { name: `device-${index}` });
    }
    const { devices } = this.#plan;
    const ledger = this.#open(devices);
    for (let index = 0; index < devices; index++) this.#feed(index, index);
    await this.#until(() => ledger.isComplete, ONLINE_MS_MAX);
    if (!ledger.isComplete) throw new Error(`${ledger.delivered} of ${devices} devices are online.`);
  }

  /** All devices measure for so long, evenly spread; resolves when the last has measured. */
  async play(seconds: number): Promise<DeliveryLedger> {
    const { devices, readingsPerSecond } = this.#plan;
    const count = devices * readingsPerSecond * seconds;
    const ledger = this.#open(count);
    const startedAtMs = monotonicMs();
    for (let index = 0; index < count; index++) {
      const dueMs = startedAtMs + (index * 1_000) / (devices * readingsPerSecond);
      const waitMs = dueMs - monotonicMs();
      if (waitMs > 0) await sleep(waitMs);
      this.#feed(index, index % devices);
    }
    return ledger;
  }

  /** Waits for what is still on its way, and for what might come twice. */
  async settle(ledger: DeliveryLedger): Promise<void> {
    await this.#until(() => ledger.isComplete, RECEIVE_MS_MAX);
    await sleep(SETTLE_MS);
  }

  /** Ends the devices; the agent is the stage's. */
  async close(): Promise<void> {
    await this.#subscription.close();
    await this.#client.close();
    await Promise.all(this.#devices.map((device) => device.powerOff()));
  }

  #open(count: number): DeliveryLedger {
    this.#phase++;
    this.#sentAtMs = new Float64Array(count);
    this.#ledger = new DeliveryLedger(count);
    return this.#ledger;
  }

  #feed(index: number, device: number): void {
    this.#sentAtMs[index] = monotonicMs();
    this.#devices[device]!.feed(1, String(this.#phase * PHASE_NUMBERS + index));
  }

  async #receive(): Promise<void> {
    for (;;) {
      const deliveries = await this.#subscription.nextBatch();
      if (deliveries.length === 0) return;
      const nowMs = monotonicMs();
      for (const delivery of deliveries) {
        if (delivery.kind === 'gap') continue;
        const number = Number(delivery.payloadText);
        const index = number % PHASE_NUMBERS;
        const isOfPhase = Math.floor(number / PHASE_NUMBERS) === this.#phase;
        if (isOfPhase) this.#ledger?.record(index, this.#sentAtMs[index] ?? nowMs, nowMs);
      }
    }
  }

  async #until(isOver: () => boolean, patienceMs: number): Promise<void> {
    const endMs = monotonicMs() + patienceMs;
    while (!isOver() && monotonicMs() < endMs) await sleep(LOOK_MS);
  }
}
