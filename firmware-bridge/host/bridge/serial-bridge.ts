import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { type ErrorCode, type Log, SedgeError } from '../../../src/errors/index.ts';
import { DeviceBook, type DeviceDraft, type DeviceRecord } from '../devices/index.ts';
import { listSerialPorts, PortWatch } from '../discovery/index.ts';
import { ProvisionFlow, type ProvisionOptions } from '../provision/index.ts';
import type { SessionEffect } from '../session/index.ts';
import { type DeviceId, DeviceSessionState } from '../session/index.ts';
import { BAUD_RATE, makeTransport, type PortAddress, parsePortAddress } from '../transport/index.ts';
import { planAutoPorts } from './auto-ports.ts';
import type { DeviceStatus, PortStatus } from './bridge-status.ts';
import { CommandDesk } from './command-desk.ts';
import { DeviceDesk } from './device-desk.ts';
import { deviceTopic } from './device-messages.ts';
import { type BridgeMesh, MeshIntake } from './mesh-intake.ts';
import { monitorEventOf } from './monitor-event.ts';
import { type MonitorEvent, MonitorHub } from './monitor-hub.ts';
import {
  isSamePort,
  type OnePortAddress,
  PortService,
  type PortServiceDependencies,
  unknownPort,
} from './port-service.ts';

/** Options of a {@link SerialBridge}. */
export interface SerialBridgeOptions {
  /** The node's directory; the device book is in `devices` below it. */
  readonly directory: string;
  /** Ports to keep open, as `PORT[:BAUD]`, `tcp://HOST:PORT` or `auto`. @defaultValue none */
  readonly ports?: readonly string[];
  /**
   * When a reading is acknowledged to its device: once it is on this node's disk, or once the mesh has it in memory (a
   * power cut may lose the last ones then). @defaultValue `'durable'`
   */
  readonly ack?: 'durable' | 'accepted';
  /** How often devices send their statistics, seconds; 0 for never. @defaultValue 60 */
  readonly statsIntervalSeconds?: number;
}

/** What a {@link SerialBridge} works with. */
export interface SerialBridgeDependencies {
  /** `null` where only the book and `provision` are wanted. */
  readonly mesh: BridgeMesh | null;
  readonly log: Log;
  /** Wall clock, ms since 1970. */
  readonly nowMs: () => number;
  /** Clock that never goes back, ms. @defaultValue the process's */
  readonly elapsedMs?: () => number;
  readonly random?: () => number;
  readonly makeTransport?: PortServiceDependencies['makeTransport'];
  readonly listPorts?: typeof listSerialPorts;
}

/** So often held-back alarms are told, and marks are saved if many readings came. */
const HOUSEKEEPING_MS = 20_000;
/** So often the whole book is saved, as far as it changed: an SD card dies of bytes written. */
const BOOK_MS = 600_000;
/** After a crash each reading since the marks were saved is looked up in the mesh; with so many it is worth a write. */
const MARK_READINGS = 500;
/** How long a device may take to say hello to `provision`: a reset by the opening, a bootloader, several tries. */
const PROVISION_MS_MAX = 40_000;

/** Stands for a mesh where there is none: takes nothing, so that no device is told that something was taken. */
const NO_MESH: BridgeMesh = {
  publish: () => Promise.reject(new SedgeError('mesh.not-started')),
  findPublished: () => Promise.reject(new SedgeError('mesh.not-started')),
  publishedBy: () => Promise.reject(new SedgeError('mesh.not-started')),
  subscribe: () => {
    throw new SedgeError('mesh.not-started');
  },
  node: '' as BridgeMesh['node'],
  name: '',
};

/**
 * Connects devices on serial lines to the mesh: keeps ports open, publishes readings with their origin once each, tells of
 * presence, losses and alarms, takes commands to devices and their results back, and keeps the book of devices.
 */
export class SerialBridge {
  readonly #options: SerialBridgeOptions;
  readonly #deps: Required<SerialBridgeDependencies>;
  readonly #mesh: BridgeMesh;
  readonly #addresses: readonly PortAddress[];
  readonly #ports: PortService[] = [];
  /** Frames cost an effect each, so sessions tell of them only while somebody looks. */
  readonly #monitors = new MonitorHub((on) => {
    for (const port of this.#ports) port.send({ kind: 'trace', on });
  });
  readonly #flows = new Map<PortService, ProvisionFlow>();
  readonly #intake: MeshIntake;
  #book: DeviceBook | null = null;
  #desk: DeviceDesk | null = null;
  #commands: CommandDesk | null = null;
  #watch: PortWatch | null = null;
  #housekeeping: NodeJS.Timeout | null = null;
  #bookSavedAtMs = 0;
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;

  /** Throws `serial.bad-port`. */
  constructor(options: SerialBridgeOptions, deps: SerialBridgeDependencies) {
    this.#options = options;
    this.#deps = {
      elapsedMs: () => Math.floor(performance.now()),
      random: Math.random,
      makeTransport,
      listPorts: listSerialPorts,
      ...deps,
    };
    this.#mesh = deps.mesh ?? NO_MESH;
    this.#addresses = (options.ports ?? []).map(parsePortAddress);
    const { log } = deps;
    this.#intake = new MeshIntake({
      mesh: this.#mesh,
      log,
      onRoom: (hasRoom) => {
        for (const port of this.#ports) port.send({ kind: 'room', hasRoom });
      },
    });
  }

  /** Opens the book and the ports. Idempotent. Rejects with `device.book-failed`. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Closes the ports and saves the book. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** The devices of the book. */
  devices(): DeviceStatus[] {
    return this.#started()
      .book.list()
      .map((record) => this.#deviceStatus(record));
  }

  /** The ports that are looked after. */
  ports(): PortStatus[] {
    return this.#ports.map((port) => this.#portStatus(port));
  }

  /**
   * What happens on a port or with a device (name or id), or everywhere; only what comes from now on. Its `return` ends
   * it. Throws `device.unknown` and `serial.unknown-port`.
   */
  monitor(
    what: { readonly port?: string; readonly device?: string } = {},
  ): AsyncIterableIterator<MonitorEvent> {
    const { book } = this.#started();
    const port = what.port === undefined ? null : this.#portAt(what.port).path;
    const device = what.device === undefined ? null : book.find(what.device).name;
    return this.#monitors.open(
      (event) => (port === null || event.port === port) && (device === null || event.device === device),
    );
  }

  /**
   * Gives the device at a port a new id and key and takes it into the book; the key is shown to nobody. Rejects with
   * `device.silent`, `device.provisioned`, `device.provision-failed`, `device.protocol`, `serial.*` where the port cannot
   * be opened, and what the book throws.
   */
  async provision(path: string, options: ProvisionOptions = {}): Promise<{ id: string; name: string }> {
    const { book } = this.#started();
    const known = this.#ports.find((port) => isAt(port, path)) ?? null;
    if (known !== null && this.#flows.has(known)) throw new SedgeError('serial.port-held', { port: path });
    if (known?.phase === 'released') throw new SedgeError('serial.port-held', { port: path });
    const port = known ?? this.#openForNow(path, options.baudRate);
    const flow = new ProvisionFlow(options, {
      book,
      send: (event) => port.send(event),
      nowMs: this.#deps.nowMs,
    });
    this.#flows.set(port, flow);
    const timer = setTimeout(() => flow.giveUp('device.silent', { port: path }), PROVISION_MS_MAX);
    try {
      this.#beginFlow(port, flow);
      const { id, name } = await flow.done;
      return { id, name };
    } finally {
      clearTimeout(timer);
      this.#flows.delete(port);
      if (known === null) await this.#dropPort(port);
    }
  }

  /** Takes a device whose key is known into the book. Rejects with what the book throws. */
  async add(draft: DeviceDraft): Promise<{ id: string; name: string }> {
    const { id, name } = await this.#started().book.add(draft);
    this.#greet(id);
    return { id, name };
  }

  /** Forgets a device and its key. Rejects with `device.unknown` and `device.book-failed`. */
  async remove(device: string): Promise<{ id: string; name: string }> {
    const { book, desk } = this.#started();
    const { id, name } = await book.remove(device);
    this.#greet(id);
    desk.forgetDevice(id);
    // What is kept of its state would say for ever that it is there.
    this.#intake.tell(deviceTopic(name, 'status'), '', { retain: true });
    return { id, name };
  }

  /**
   * Takes the next epoch of a device as it comes, also a lower one, as its memory was erased. Rejects with
   * `device.unknown` and `device.book-failed`.
   */
  async acceptEpoch(device: string): Promise<{ id: string; name: string }> {
    const { book, desk } = this.#started();
    const { id, name, life } = book.find(device);
    book.change(id, { epoch: 0, readingsDone: 0, uptime: null, life: life + 1 });
    await book.save(id);
    desk.forgetDevice(id);
    this.#greet(id);
    return { id, name };
  }

  /**
   * Leaves a port to another program until `reclaim` or the next start; resolves when it is closed. Rejects with
   * `serial.unknown-port`, and `serial.port-held` while a device there is provisioned.
   */
  async release(path: string): Promise<void> {
    const port = this.#portAt(path);
    if (this.#flows.has(port)) throw new SedgeError('serial.port-held', { port: path });
    await port.release();
  }

  /** Takes a port back. Throws `serial.unknown-port`. */
  reclaim(path: string): void {
    this.#portAt(path).reclaim();
    void this.#findAutoPorts();
  }

  /** Counts of all ports and devices together, by what was counted. */
  counters(): Record<string, number> {
    const sums: Record<string, number> = { retries: this.#intake.retries };
    const add = (counts: Readonly<Record<string, number>>) => {
      for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
    };
    for (const port of this.#ports) add(port.counters());
    for (const { id } of this.#book?.list() ?? []) {
      const feed = this.#desk!.feedOf(id);
      add(feed.counts);
      for (const [why, count] of Object.entries(feed.refusals)) add({ [`refused.${why}`]: count });
    }
    return sums;
  }

  async #start(): Promise<void> {
    const { log, nowMs, elapsedMs } = this.#deps;
    const book = await DeviceBook.open(this.#options.directory, { log, nowMs });
    const parts = { book, intake: this.#intake, mesh: this.#mesh, log, nowMs, elapsedMs };
    this.#book = book;
    this.#desk = new DeviceDesk({
      ...parts,
      ack: this.#options.ack ?? 'durable',
      commands: () => this.#commands,
      monitors: this.#monitors,
      randomBytes,
    });
    for (const address of this.#addresses) {
      if (address.kind !== 'auto') this.#addPort(address, 'given');
    }
    if (this.#deps.mesh === null) return;
    this.#desk.tellAbsent();
    this.#commands = new CommandDesk(parts);
    this.#commands.start();
    this.#bookSavedAtMs = elapsedMs();
    this.#housekeeping = setInterval(() => this.#keepHouse(), HOUSEKEEPING_MS);
    if (this.#addresses.length === 0) return;
    this.#watch = new PortWatch({}, () => void this.#onPortsChanged());
    this.#watch.start();
    await this.#findAutoPorts();
  }

  async #stop(): Promise<void> {
    await this.#starting?.catch(() => {});
    this.#watch?.stop();
    if (this.#housekeeping !== null) clearInterval(this.#housekeeping);
    for (const flow of this.#flows.values()) flow.giveUp('device.silent');
    // First, so that what its sessions hand back is not given to the next one.
    await this.#commands?.stop();
    await Promise.all(this.#ports.map((port) => port.stop()));
    this.#intake.stop();
    this.#monitors.stop();
    await this.#book?.saveAll();
  }

  #started(): { readonly book: DeviceBook; readonly desk: DeviceDesk } {
    if (this.#book === null || this.#desk === null || this.#stopping !== null) {
      throw new Error('bug: the bridge is used before it was started or after it was stopped');
    }
    return { book: this.#book, desk: this.#desk };
  }

  #keepHouse(): void {
    this.#desk?.tellAlarms();
    const nowMs = this.#deps.elapsedMs();
    if (nowMs - this.#bookSavedAtMs >= BOOK_MS) {
      this.#bookSavedAtMs = nowMs;
      void this.#book?.saveAll();
    } else if ((this.#book?.settledSince ?? 0) >= MARK_READINGS) {
      void this.#book?.saveMarks();
    }
  }

  #addPort(address: OnePortAddress, source: 'given' | 'auto'): PortService {
    const { makeTransport: make, log, elapsedMs, random } = this.#deps;
    const desk = this.#desk!;
    const { statsIntervalSeconds } = this.#options;
    const port = new PortService(
      { address, source, ...(statsIntervalSeconds === undefined ? {} : { statsIntervalSeconds }) },
      {
        makeTransport: make,
        makeSession: (view, options) => new DeviceSessionState(view, options),
        viewOf: () => desk.viewOf(),
        onEffects: (from, effects) => this.#onEffects(from, effects),
        onPhase: (of) => this.#onPhase(of),
        isTaken: (path, by) => this.#ports.some((other) => other !== by && isAt(other, path)),
        log,
        elapsedMs,
        random,
      },
    );
    this.#ports.push(port);
    if (!this.#intake.hasRoom) port.send({ kind: 'room', hasRoom: false });
    if (this.#monitors.isWatched) port.send({ kind: 'trace', on: true });
    port.start();
    return port;
  }

  async #dropPort(port: PortService): Promise<void> {
    await port.stop();
    // Another look at the ports may have dropped it meanwhile.
    const place = this.#ports.indexOf(port);
    if (place >= 0) this.#ports.splice(place, 1);
    this.#desk?.forgetPort(port);
  }

  #onEffects(port: PortService, effects: readonly SessionEffect[]): void {
    this.#desk!.onEffects(port, effects);
    const flow = this.#flows.get(port);
    for (const effect of effects) {
      flow?.onEffect(effect);
      if (effect.kind === 'text') {
        this.#deps.log.debug({ port: port.path, text: effect.text }, 'a device prints');
      }
      if (!this.#monitors.isWatched) continue;
      const event = monitorEventOf(effect, this.#placeOf(port));
      if (event !== null) this.#monitors.tell(event);
    }
  }

  #onPhase(port: PortService): void {
    // A person who waits is told at once that the port cannot be opened; an agent would go on trying.
    const { problem } = port;
    if (port.phase === 'waiting' && problem !== null)
      this.#flows.get(port)?.giveUp(problem.code, { ...problem.details, port: port.path });
    if (!this.#monitors.isWatched) return;
    this.#monitors.tell({
      kind: 'state',
      ...this.#placeOf(port),
      state: stateOf(port),
      ...(port.problem === null ? {} : { code: port.problem.code }),
    });
  }

  #placeOf(port: PortService): {
    readonly atMs: number;
    readonly port: string;
    readonly device: string | null;
  } {
    const { deviceId } = this.#desk!.speakerAt(port);
    const device = deviceId === null ? null : (this.#book!.get(deviceId)?.name ?? null);
    return { atMs: this.#deps.nowMs(), port: port.path, device };
  }

  async #onPortsChanged(): Promise<void> {
    for (const port of this.#ports) port.portsChanged();
    await this.#findAutoPorts();
  }

  async #findAutoPorts(): Promise<void> {
    const auto = this.#addresses.find((address) => address.kind === 'auto');
    if (auto === undefined) return;
    const present = await this.#deps.listPorts();
    if (this.#stopping !== null) return;
    const found = this.#ports.filter(({ source }) => source === 'auto');
    const given = this.#ports.filter(({ source }) => source === 'given');
    const { add, drop } = planAutoPorts(
      present,
      found.map(({ path, phase }) => ({
        path,
        isOpen: phase === 'open',
        isReleased: phase === 'released',
      })),
      (path) => given.some((port) => isAt(port, path)),
    );
    for (const port of found) if (drop.includes(port.path)) void this.#dropPort(port);
    for (const path of add) this.#addPort({ kind: 'serial', path, baudRate: auto.baudRate }, 'auto');
  }

  /** A port that is open only while a device is provisioned. Throws `serial.bad-port`. */
  #openForNow(path: string, baudRate: number = BAUD_RATE): PortService {
    const address = parsePortAddress(path);
    if (address.kind === 'auto') throw new SedgeError('serial.bad-port', { port: path });
    const asked =
      address.kind === 'serial' && address.baudRate === BAUD_RATE ? { ...address, baudRate } : address;
    return this.#addPort(asked, 'given');
  }

  #beginFlow(port: PortService, flow: ProvisionFlow): void {
    const { desk } = this.#started();
    const speaker = desk.speakerAt(port);
    // The board may have been plugged in a moment ago.
    port.hurry();
    if (port.phase !== 'open') return;
    if (speaker.provisioned === false) flow.onEffect({ kind: 'unprovisioned', firmware: 0 });
    // It says who it is once more.
    else port.send({ kind: 'greet' });
  }

  /** The book changed: the port where this device is, or wants to be, is greeted anew. */
  #greet(id: DeviceId): void {
    const { desk } = this.#started();
    for (const port of this.#ports) {
      if (desk.portOf(id) === port || desk.speakerAt(port).deviceId === id) port.send({ kind: 'greet' });
    }
  }

  #portAt(path: string): PortService {
    const port = this.#ports.find((one) => isAt(one, path));
    if (port === undefined) throw unknownPort(path);
    return port;
  }

  #deviceStatus(record: DeviceRecord): DeviceStatus {
    const { desk } = this.#started();
    const feed = desk.feedOf(record.id);
    const { id, name, lastPort, topics, prefix, topicFilters, signingKey, addedAtMs } = record;
    const { readings, duplicates, lost, alarms } = feed.counts;
    const holder = desk.portOf(id);
    return {
      id,
      name,
      state: record.lastHeardAtMs === null ? 'never-seen' : feed.state,
      sinceMs: feed.sinceMs,
      port: holder?.path ?? lastPort?.path ?? null,
      firmware: record.firmware,
      epoch: record.epoch === 0 || record.lastHeardAtMs === null ? null : record.epoch,
      resetCause: feed.facts?.resetCause ?? null,
      readings,
      duplicates,
      lost,
      refused: Object.values(feed.refusals).reduce((sum, count) => sum + count, 0),
      alarms,
      lastHeardMs: this.#lastHeardMs(record, feed.state === 'online' ? holder : null),
      topics: topics
        .filter(({ kind }) => kind === 'reading')
        .map(({ id: topic, name: text, type, unit }) => ({ id: topic, name: text, type, unit })),
      commands: topics.filter(({ kind }) => kind === 'command').map((command) => command.name),
      waitingCommands: record.commands.length,
      prefix,
      topicsFilter: topicFilters,
      selfSigning: signingKey !== null,
      addedAtMs,
    };
  }

  /** While it is served, the last bytes of its port are its own. */
  #lastHeardMs({ lastHeardAtMs }: DeviceRecord, port: PortService | null): number | null {
    const heardAtMs = port?.heardAtMs ?? null;
    if (heardAtMs === null) return lastHeardAtMs;
    const { nowMs, elapsedMs } = this.#deps;
    return Math.max(lastHeardAtMs ?? 0, nowMs() - (elapsedMs() - heardAtMs));
  }

  #portStatus(port: PortService): PortStatus {
    const { deviceId, provisioned, refusal } = this.#desk!.speakerAt(port);
    const known = deviceId === null ? null : (this.#book?.get(deviceId) ?? null);
    return {
      path: port.path,
      source: port.source,
      baudRate: port.address.kind === 'serial' ? port.address.baudRate : null,
      state: stateOf(port),
      deviceId,
      device: known?.name ?? null,
      provisioned,
      problem: problemOf(port.problem, refusal),
      counters: port.counters(),
    };
  }
}

function stateOf({ phase }: PortService): PortStatus['state'] {
  if (phase === 'open' || phase === 'opening' || phase === 'released') return phase;
  return 'closed';
}

function problemOf(problem: SedgeError | null, refusal: string | null): PortStatus['problem'] {
  if (problem !== null) return { code: problem.code, detail: problem.message };
  if (refusal === null) return null;
  return { code: REFUSAL_CODES[refusal] ?? 'device.key-unknown', detail: refusal };
}

/** What is told of a device that gets no session. */
const REFUSAL_CODES: Readonly<Record<string, ErrorCode>> = Object.freeze({
  'unknown-device': 'device.key-unknown',
  'bad-tag': 'device.wrong-key',
  'lower-epoch': 'device.lower-epoch',
  'wrong-protocol': 'device.protocol',
  'by-bridge': 'device.claimed-twice',
});

/** A port by the name that it was given, or by the file that is open. */
function isAt(port: PortService, path: string): boolean {
  const text = path.replace(/:\d{3,7}$/, '');
  const names = [port.path, ...(port.openedPath === null ? [] : [port.openedPath])];
  return names.some((name) => name === path || isSamePort(name, text));
}
