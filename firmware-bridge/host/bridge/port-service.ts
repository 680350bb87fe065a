import { realpathSync } from 'node:fs';
import { isSedgeError, type Log, SedgeError } from '../../../src/errors/index.ts';
import type { SerialPortInfo } from '../discovery/index.ts';
import type { SessionEffect, SessionEvent, SessionView } from '../session/index.ts';
import { formatPortAddress, type PortAddress, type Transport } from '../transport/index.ts';
import type { DeviceSession, MakeSession } from './device-session.ts';
import { describePort, followPort } from './follow-port.ts';
import { type PortEvent, type PortPhase, PortState } from './port-state.ts';

/** An address of one port. */
export type OnePortAddress = Exclude<PortAddress, { readonly kind: 'auto' }>;

/** Options of {@link PortService}. */
export interface PortServiceOptions {
  readonly address: OnePortAddress;
  /** Named by the settings, or found. */
  readonly source: 'given' | 'auto';
  readonly statsIntervalSeconds?: number;
}

/** What a {@link PortService} works with. */
export interface PortServiceDependencies {
  readonly makeTransport: (address: OnePortAddress) => Transport;
  readonly makeSession: MakeSession;
  readonly viewOf: (port: PortService) => SessionView;
  /** All that a session wants but writing, in its order. */
  readonly onEffects: (port: PortService, effects: readonly SessionEffect[]) => void;
  /** It was opened or ended. */
  readonly onPhase: (port: PortService) => void;
  /** Whether a device file serves another port. */
  readonly isTaken: (path: string, by: PortService) => boolean;
  readonly log: Log;
  /** Milliseconds of a clock that never goes back. */
  readonly elapsedMs: () => number;
  readonly random: () => number;
}

/** Events that wait while one is being handled: a handler may answer at once. */
const EVENTS_MAX = 4_096;

/** Looks after one port: opens it, feeds its session, writes what that wants, and opens it anew when it is gone. */
export class PortService {
  readonly address: OnePortAddress;
  readonly source: 'given' | 'auto';
  /** Its name for people: as it was given. */
  readonly path: string;
  readonly #deps: PortServiceDependencies;
  readonly #state: PortState;
  readonly #session: DeviceSession;
  readonly #counts = { opened: 0, openFailed: 0, ended: 0, bytesIn: 0, bytesOut: 0, writesDropped: 0 };
  readonly #events: SessionEvent[] = [];
  readonly #idle: (() => void)[] = [];
  #handling = false;
  #transport: Transport | null = null;
  #timer: NodeJS.Timeout | null = null;
  #timerAtMs = 0;
  #info: SerialPortInfo | null = null;
  #openedPath: string | null = null;
  #problem: SedgeError | null = null;
  #heardAtMs: number | null = null;

  constructor(options: PortServiceOptions, deps: PortServiceDependencies) {
    this.address = options.address;
    this.source = options.source;
    this.path = formatPortAddress({ ...options.address, ...('baudRate' in options.address ? NO_RATE : {}) });
    this.#deps = deps;
    this.#state = new PortState({ random: deps.random, isGuess: options.source === 'auto' });
    const baudRate = options.address.kind === 'serial' ? options.address.baudRate : 0;
    const { statsIntervalSeconds } = options;
    this.#session = deps.makeSession(deps.viewOf(this), {
      baudRate,
      ...(statsIntervalSeconds === undefined ? {} : { statsIntervalSeconds }),
    });
  }

  get phase(): PortPhase {
    return this.#state.phase;
  }

  /** Why it is not open; `null` while it is, or was never tried. */
  get problem(): SedgeError | null {
    return this.#problem;
  }

  /** The device file that is open; `null` if none is. */
  get openedPath(): string | null {
    return this.#openedPath;
  }

  /** What the system knows of the port, from when it was opened last. */
  get info(): SerialPortInfo | null {
    return this.#info;
  }

  /** When bytes came last, by the clock that never goes back; `null` if none did. */
  get heardAtMs(): number | null {
    return this.#heardAtMs;
  }

  counters(): Record<string, number> {
    return { ...this.#counts, ...this.#session.counters() };
  }

  start(): void {
    this.#tell({ kind: 'start' });
  }

  /** Resolves when the port is closed. */
  async stop(): Promise<void> {
    this.#tell({ kind: 'stop' });
    await this.#whenIdle();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Leaves the port to another program; resolves when that can open it. */
  async release(): Promise<void> {
    this.#tell({ kind: 'release' });
    await this.#whenIdle();
  }

  reclaim(): void {
    this.#tell({ kind: 'reclaim' });
  }

  /** Tries at once to open it, if it is not. */
  hurry(): void {
    this.#tell({ kind: 'hurry' });
  }

  portsChanged(): void {
    this.#tell({ kind: 'ports-changed' });
  }

  /** Tells the session something. */
  send(event: SessionEvent): void {
    if (this.#events.length >= EVENTS_MAX) throw new Error('bug: a session is told more than it can take');
    this.#events.push(event);
    if (this.#handling) return;
    this.#handling = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        this.#carryOut(this.#session.handle(next, this.#deps.elapsedMs()));
      }
    } finally {
      this.#handling = false;
    }
    this.#armTimer();
  }

  #carryOut(effects: readonly SessionEffect[]): void {
    const others: SessionEffect[] = [];
    const bytes: Uint8Array[] = [];
    for (const effect of effects) {
      if (effect.kind === 'write') bytes.push(effect.bytes);
      else others.push(effect);
    }
    if (bytes.length > 0) this.#write(bytes.length === 1 ? bytes[0]! : Buffer.concat(bytes));
    if (others.length > 0) this.#deps.onEffects(this, others);
    for (const effect of others) {
      if (effect.kind === 'online') this.#tell({ kind: 'served' });
      if (effect.kind === 'reopen') this.#tell({ kind: 'reopen', heard: effect.heard });
    }
  }

  #write(bytes: Uint8Array): void {
    if (this.#transport?.write(bytes)) this.#counts.bytesOut += bytes.length;
    else this.#counts.writesDropped++;
  }

  #tell(event: PortEvent): void {
    const before = this.#state.phase;
    for (const effect of this.#state.handle(event, this.#deps.elapsedMs())) {
      if (effect.kind === 'open') void this.#open();
      else void this.#close();
    }
    const { phase } = this.#state;
    if (phase !== before) this.#deps.onPhase(this);
    if (isResting(phase)) for (const resolve of this.#idle.splice(0)) resolve();
    this.#armTimer();
  }

  async #open(): Promise<void> {
    const { address } = this;
    const path = await this.#pathToOpen();
    const transport = this.#deps.makeTransport(address.kind === 'serial' ? { ...address, path } : address);
    try {
      await transport.open({
        onBytes: (bytes) => this.#onBytes(transport, bytes),
        onClosed: (failure) => this.#onEnded(transport, failure),
      });
    } catch (error) {
      await transport.close();
      this.#counts.openFailed++;
      return this.#noteFailure('open-failed', error);
    }
    this.#transport = transport;
    this.#openedPath = address.kind === 'serial' ? path : null;
    this.#counts.opened++;
    this.#problem = null;
    this.#tell({ kind: 'opened' });
    if (this.#state.phase === 'open') this.send({ kind: 'opened' });
    if (address.kind === 'serial') this.#info = (await describePort(path)) ?? this.#info;
  }

  /** Where a given file is gone, the one that has its stable names now. */
  async #pathToOpen(): Promise<string> {
    const { address } = this;
    if (address.kind !== 'serial') return '';
    return followPort(address.path, this.#info, (path) => this.#deps.isTaken(path, this));
  }

  async #close(): Promise<void> {
    const transport = this.#transport;
    this.#transport = null;
    this.send({ kind: 'closed' });
    await transport?.close();
    this.#openedPath = null;
    this.#tell({ kind: 'closed' });
  }

  #onBytes(transport: Transport, bytes: Uint8Array): void {
    if (this.#transport !== transport || this.#state.phase !== 'open') return;
    this.#counts.bytesIn += bytes.length;
    this.#heardAtMs = this.#deps.elapsedMs();
    this.send({ kind: 'bytes', bytes });
  }

  #onEnded(transport: Transport, failure: SedgeError): void {
    if (this.#transport !== null && this.#transport !== transport) return;
    this.#transport = null;
    this.#openedPath = null;
    this.#counts.ended++;
    this.send({ kind: 'closed' });
    this.#noteFailure('ended', failure);
  }

  #noteFailure(kind: 'open-failed' | 'ended', cause: unknown): void {
    // Of a driver that nobody knows: the port is tried again like any other.
    const error = isSedgeError(cause)
      ? cause
      : new SedgeError('serial.port-failed', { port: this.path, reason: String(cause) }, { cause });
    // Once each: a port that stays away is no news every two seconds.
    if (this.#problem?.code !== error.code) {
      this.#deps.log.warn(
        { port: this.path, code: error.code, ...error.details },
        'a serial port is not open',
      );
    }
    this.#problem = error;
    this.#tell({ kind, code: error.code });
  }

  async #whenIdle(): Promise<void> {
    if (isResting(this.#state.phase)) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** One timer for the port and its session. It may ring early, which is cheaper than setting it anew each time. */
  #armTimer(): void {
    if (this.#handling) return;
    const dueMs = Math.min(this.#state.wakeAtMs ?? NEVER, this.#session.wakeAtMs ?? NEVER);
    if (this.#timer !== null && this.#timerAtMs <= dueMs && dueMs !== NEVER) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (dueMs === NEVER || this.#state.phase === 'stopped') return;
    this.#timerAtMs = dueMs;
    this.#timer = setTimeout(() => this.#ring(), Math.max(0, Math.ceil(dueMs - this.#deps.elapsedMs())));
  }

  #ring(): void {
    this.#timer = null;
    const nowMs = this.#deps.elapsedMs();
    if ((this.#state.wakeAtMs ?? NEVER) <= nowMs) this.#tell({ kind: 'wake' });
    if ((this.#session.wakeAtMs ?? NEVER) <= nowMs) this.send({ kind: 'wake' });
    this.#armTimer();
  }
}

const NEVER = Number.POSITIVE_INFINITY;
/** So that the name of a port is its path. */
const NO_RATE = Object.freeze({ baudRate: 115_200 });

/** Nothing of it is open or about to be. */
function isResting(phase: PortPhase): boolean {
  return phase === 'released' || phase === 'stopped' || phase === 'waiting';
}

/** Whether two names lead to one device file. */
export function isSamePort(one: string, other: string): boolean {
  return one === other || fileOf(one) === fileOf(other);
}

function fileOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** The failure of a port as it is told to people. */
export function unknownPort(path: string): SedgeError {
  return new SedgeError('serial.unknown-port', { port: path.slice(0, 120) });
}
