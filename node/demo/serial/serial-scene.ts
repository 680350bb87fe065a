import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentProcess } from '../agent-process.ts';
import { type SedgeAnswer, sedgeCommand } from '../sedge-command.ts';
import { buildVirtualDevice, type DevicePrograms } from './build-virtual-device.ts';
import type { DeviceEvent } from './device-event.ts';
import { type Chance, LineNoise, type NoiseRates, type NoiseTally } from './line-noise.ts';
import { PtyEnd } from './pty-end.ts';
import { type DeviceTopic, VirtualDevice } from './virtual-device.ts';
import { Watcher, type WatcherRecord } from './watcher.ts';

/** What happens on the scene. */
export interface SceneListeners {
  onDeviceEvent(event: DeviceEvent): void;
  onRecord(record: WatcherRecord): void;
}

export interface SceneOptions {
  readonly topics: readonly DeviceTopic[];
  /** Bytes that the device has for readings that nobody takes. */
  readonly ringBytes: number;
  readonly noise: NoiseRates;
  readonly chance: Chance;
  readonly signal: AbortSignal;
}

/**
 * A device on a noisy wire, a gateway with the bridge that the wire is plugged into, and a second node where a
 * subscriber of its own watches what comes. Owns all processes and directories.
 */
export class SerialScene {
  readonly #root: string;
  readonly #options: SceneOptions;
  readonly #listeners: SceneListeners;
  readonly #noises: readonly [toHost: LineNoise, toDevice: LineNoise];
  #isNoisy = false;
  #programs: DevicePrograms | null = null;
  #device: VirtualDevice | null = null;
  #end: PtyEnd | null = null;
  #gateway: AgentProcess | null = null;
  #centre: AgentProcess | null = null;
  #watcher: Watcher | null = null;
  #isClosed = false;

  private constructor(root: string, options: SceneOptions, listeners: SceneListeners) {
    this.#root = root;
    this.#options = options;
    this.#listeners = listeners;
    this.#noises = [
      new LineNoise(options.chance, options.noise),
      new LineNoise(options.chance, { ...options.noise, printed: 0 }),
    ];
  }

  /** Makes the directory that holds all others. */
  static async make(options: SceneOptions, listeners: SceneListeners): Promise<SerialScene> {
    return new SerialScene(await mkdtemp(join(tmpdir(), 'sedge-demo-')), options, listeners);
  }

  /** Where everything lies. */
  get root(): string {
    return this.#root;
  }

  get gatewayDirectory(): string {
    return join(this.#root, 'gateway');
  }

  /** Path of the serial port. */
  get port(): string {
    return join(this.#root, 'ttyDEMO0');
  }

  get isPlugged(): boolean {
    return this.#end?.isPlugged ?? false;
  }

  get isDeviceOn(): boolean {
    return this.#device?.isRunning ?? false;
  }

  get isGatewayUp(): boolean {
    return this.#gateway?.isRunning ?? false;
  }

  /** Why the subscriber ended by itself; `null` while it did not. */
  get failure(): string | null {
    return this.#watcher?.failure ?? null;
  }

  /** Both directions together. */
  get noise(): NoiseTally {
    const [a, b] = this.#noises.map((noise) => noise.tally) as [NoiseTally, NoiseTally];
    return {
      passed: a.passed + b.passed,
      lost: a.lost + b.lost,
      flipped: a.flipped + b.flipped,
      printed: a.printed + b.printed,
    };
  }

  /** Compiles the device. Throws `demo.no-compiler` and `demo.compile-failed`. */
  async build(): Promise<string> {
    this.#programs = await buildVirtualDevice(this.#root, this.#options.signal);
    return this.#programs.compiler;
  }

  /** A realm of two nodes, both running; the subscriber waits at the second. */
  async startNodes(): Promise<void> {
    await mkdir(this.#root, { recursive: true });
    await this.#sedge('gateway', 'init', 'air', '--name', 'gateway');
    await this.startGateway();
    const [invitation] = await this.#sedge('gateway', 'invite');
    await this.#sedge('centre', 'join', String(invitation?.token), '--name', 'centre');
    if (this.#isClosed) return;
    this.#centre = AgentProcess.spawn({
      directory: join(this.#root, 'centre'),
      peers: [this.#gateway!.address],
    });
    await this.#centre.ready();
    this.#watcher = new Watcher(join(this.#root, 'centre'), (record) => this.#listeners.onRecord(record));
    await this.#watcher.opened();
  }

  /** Starts the gateway, also after it was killed. */
  async startGateway(): Promise<void> {
    if (this.#isClosed) return;
    const peers = this.#centre === null ? [] : [this.#centre.address];
    this.#gateway = AgentProcess.spawn({
      directory: this.gatewayDirectory,
      peers,
      serial: [this.port],
    });
    await this.#gateway.ready();
  }

  /** kill -9. */
  async killGateway(): Promise<void> {
    await this.#gateway?.kill();
  }

  /** Boots the device and plugs it in. */
  async connectDevice(): Promise<void> {
    const { device: program, ptyEnd } = this.#programs!;
    const { topics, ringBytes } = this.#options;
    const device = new VirtualDevice({
      program,
      nvFile: join(this.#root, 'eeprom.bin'),
      topics,
      ringBytes,
      wire: { onData: (chunk) => this.#end?.write(this.#disturbed(0, chunk)) },
      onEvent: (event) => this.#listeners.onDeviceEvent(event),
    });
    this.#device = device;
    this.#end = new PtyEnd(ptyEnd, this.port, (chunk) => device.hear(this.#disturbed(1, chunk)));
    device.powerOn();
    await this.plug();
  }

  /** Gives the device its name and key, at the gateway, as one does at a desk: without noise. */
  async provision(name: string): Promise<void> {
    await this.#sedge('gateway', 'device', 'provision', this.port, '--name', name);
    this.#isNoisy = true;
  }

  feed(topicId: number, value: string): void {
    this.#device?.feed(topicId, value);
  }

  async plug(): Promise<void> {
    if (!this.#isClosed) await this.#end?.plug();
  }

  async unplug(): Promise<void> {
    await this.#end?.unplug();
  }

  /** Takes the device's power away and gives it back. */
  async resetDevice(): Promise<void> {
    await this.#device?.powerOff();
    if (!this.#isClosed) this.#device?.powerOn();
  }

  /** Kills what still runs and removes all directories, unless they are to be kept. */
  async close({ keep }: { readonly keep: boolean }): Promise<void> {
    this.#isClosed = true;
    await this.#watcher?.close();
    await Promise.all([this.#gateway?.kill(), this.#centre?.kill(), this.#device?.powerOff()]);
    await this.#end?.unplug();
    if (!keep) await rm(this.#root, { recursive: true, force: true });
  }

  #disturbed(direction: 0 | 1, chunk: Buffer): Buffer {
    return this.#isNoisy ? this.#noises[direction].pass(chunk) : chunk;
  }

  /** Throws an `Error` with what the command said if its exit code is not 0. */
  async #sedge(node: 'gateway' | 'centre', ...words: string[]): Promise<SedgeAnswer['objects']> {
    const where = { directory: join(this.#root, node), signal: this.#options.signal };
    const { exitCode, objects, said } = await sedgeCommand(words, where);
    if (exitCode !== 0) throw new Error(`"sedge ${words.join(' ')}": exit code ${exitCode}.\n${said}`);
    return objects;
  }
}
