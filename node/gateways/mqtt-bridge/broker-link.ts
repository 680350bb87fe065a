import { isSedgeError, type Log } from '../../../src/errors/index.ts';
import {
  BrokerConnection,
  type ConnectionEnd,
  type ConnectOptions,
  SESSION_TAKEN_OVER,
} from './broker-connection.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';

/** What a {@link BrokerLink} works with. */
export interface BrokerLinkDependencies {
  readonly log: Log;
  readonly random: () => number;
  /** A connection is there; its packets come once it is listened to, in this turn. */
  readonly onUp: (connection: BrokerConnection) => void;
  readonly onDown: (connection: BrokerConnection) => void;
}

/** What is known of a link. */
export interface BrokerLinkStatus {
  readonly connected: boolean;
  /** Connections so far. */
  readonly connections: number;
  /** Why it is not connected, or was not last time; `null` if it always was. */
  readonly reason: string | null;
}

/** Another client has the session: it is left alone for that long, or longer each time, milliseconds. */
const DISPLACED_MS_LEAST = 30_000;
const DISPLACED_MS_MAX = 600_000;
/** A connection that lasted so long was a good one, milliseconds. */
const STEADY_MS = 10_000;

/** Keeps a connection to a broker for as long as it is wanted, and tries again for ever. */
export class BrokerLink {
  readonly #options: ConnectOptions;
  readonly #deps: BrokerLinkDependencies;
  #stopping: AbortController | null = null;
  /** Ends the wait before the next try. */
  #hurry: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();
  #connection: BrokerConnection | null = null;
  #connections = 0;
  /** By `performance.now()`: also over a stop and a start, another client has the session until then at least. */
  #restUntilMs = 0;
  #displaced = 0;
  #reason: string | null = null;

  constructor(options: ConnectOptions, deps: BrokerLinkDependencies) {
    this.#options = options;
    this.#deps = deps;
  }

  get connection(): BrokerConnection | null {
    return this.#connection;
  }

  status(): BrokerLinkStatus {
    return { connected: this.#connection !== null, connections: this.#connections, reason: this.#reason };
  }

  /** Begins to connect; idempotent. */
  start(): void {
    if (this.#stopping !== null) return;
    const stopping = new AbortController();
    this.#stopping = stopping;
    this.#running = this.#running.then(() => this.#run(stopping.signal));
  }

  /** Ends the connection with DISCONNECT; resolves once it is closed. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping?.abort();
    this.#stopping = null;
    await this.#connection?.close();
    await this.#running;
  }

  /** Whoever had taken the session has let go of it: tries now, where it waits before the next try. */
  hurry(): void {
    this.#displaced = 0;
    this.#restUntilMs = 0;
    this.#hurry?.();
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#hurry = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
      this.#hurry = done;
      if (signal.aborted) done();
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    await this.#pause(Math.max(0, this.#restUntilMs - performance.now()), signal);
    for (let failures = 0; !signal.aborted; ) {
      try {
        const fresh = this.#options.fresh && this.#connections === 0;
        const connection = await BrokerConnection.open({ ...this.#options, fresh }, signal);
        const startedAtMs = performance.now();
        const end = await this.#use(connection, signal);
        // A broker that accepts and hangs up is as good as none.
        failures = performance.now() - startedAtMs < STEADY_MS ? failures + 1 : 0;
        this.#reason = end.reason;
        if (!signal.aborted) await this.#rest(end, failures, signal);
      } catch (error) {
        if (!isSedgeError(error)) throw error;
        if (!signal.aborted) this.#tell(error.message, failures);
        await this.#pause(reconnectDelayMs(failures++, this.#deps.random()), signal);
      }
    }
  }

  async #use(connection: BrokerConnection, signal: AbortSignal): Promise<ConnectionEnd> {
    this.#connection = connection;
    this.#connections++;
    this.#deps.onUp(connection);
    if (signal.aborted) await connection.close();
    const end = await connection.ended;
    this.#connection = null;
    this.#deps.onDown(connection);
    if (!signal.aborted) {
      this.#deps.log.warn(
        { bridge: this.#options.bridge.name, reason: end.reason },
        'the link to a broker ended',
      );
    }
    this.#displaced = end.reasonCode === SESSION_TAKEN_OVER ? this.#displaced + 1 : 0;
    return end;
  }

  /** Whoever has taken the session over keeps it for a while: two that fight for it would both do little else. */
  #rest(end: ConnectionEnd, failures: number, signal: AbortSignal): Promise<void> {
    const random = this.#deps.random();
    if (end.reasonCode !== SESSION_TAKEN_OVER) return this.#pause(reconnectDelayMs(failures, random), signal);
    const least = Math.min(DISPLACED_MS_MAX / 2, DISPLACED_MS_LEAST * 2 ** (this.#displaced - 1));
    this.#restUntilMs = performance.now() + least * (1 + random);
    return this.#pause(least * (1 + random), signal);
  }

  #tell(reason: string, failures: number): void {
    this.#reason = reason;
    // Once is enough for what may last for days.
    if (failures === 0) {
      this.#deps.log.warn(
        { bridge: this.#options.bridge.name, reason },
        'a broker cannot be reached; it is tried again',
      );
    }
  }
}
