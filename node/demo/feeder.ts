import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentClient, type AgentPublisher, connectAgent } from '../control/client/index.ts';
import { readingName } from './delivery-check.ts';
import { OBSERVED_HEADER, type Reading, readInTurn } from './readings.ts';

/** Between two attempts to reach an agent that is away. */
const RETRY_MS = 200;
/** Readings between two looks at the clock: finer pacing would cost more than publishing. */
const PACE_READINGS = 16;

/** Which readings to feed, and how fast. */
export interface FeederOptions {
  /** Producer's name in the publish ids. */
  readonly name: string;
  /** Directory of the agent. */
  readonly directory: string;
  readonly stations: readonly string[];
  readonly readingsPerSecond: number;
  /** Without any acknowledgement for this long, a feeder gives up. */
  readonly patienceMs: number;
}

/** Where a feeder gets its connections; tests bring their own. */
export interface FeederDependencies {
  readonly connect: (options: { readonly directory: string }) => Pick<AgentClient, 'publisher' | 'close'>;
}

/**
 * Publishes the readings of its stations at one agent. Each has the publish id (feeder, running number), so that
 * after a crash of the agent it sends again what was not acknowledged, and nothing is there twice.
 */
export class Feeder {
  readonly #options: FeederOptions;
  readonly #connect: FeederDependencies['connect'];
  readonly #unacknowledged = new Map<number, Reading>();
  readonly #published = new Map<string, string>();
  #lastN = 0;
  #retries = 0;
  #isDone = false;
  #startedAtMs = 0;
  #progressAtMs = 0;

  constructor(options: FeederOptions, { connect }: FeederDependencies = { connect: connectAgent }) {
    this.#options = options;
    this.#connect = connect;
  }

  get name(): string {
    return this.#options.name;
  }

  get stations(): readonly string[] {
    return this.#options.stations;
  }

  /** Acknowledged readings: value by {@link readingName}. */
  get published(): ReadonlyMap<string, string> {
    return this.#published;
  }

  /** How often it had to connect again. */
  get retries(): number {
    return this.#retries;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Feeds until all is acknowledged. Throws when the agent stays away, and when `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const readings = readInTurn(this.#options.stations);
    this.#startedAtMs = performance.now();
    this.#progressAtMs = this.#startedAtMs;
    for (;;) {
      try {
        await this.#feed(readings, signal);
        this.#isDone = true;
        return;
      } catch (error) {
        if (signal.aborted || performance.now() - this.#progressAtMs > this.#options.patienceMs) throw error;
      }
      this.#retries++;
      await sleep(RETRY_MS, undefined, { signal });
    }
  }

  /** One connection's worth: what was not acknowledged first, under its old ids, then what is new. */
  async #feed(readings: AsyncIterator<Reading, unknown>, signal: AbortSignal): Promise<void> {
    const agent = this.#connect({ directory: this.#options.directory });
    const publisher = agent.publisher({ ack: 'durable' });
    try {
      for (const [n, reading] of [...this.#unacknowledged]) await this.#send(publisher, n, reading);
      for (;;) {
        signal.throwIfAborted();
        // From here on a reading is remembered until it is acknowledged, whatever becomes of the connection.
        const { value, done } = await readings.next();
        if (done === true) break;
        const n = ++this.#lastN;
        this.#unacknowledged.set(n, value as Reading);
        await this.#send(publisher, n, value as Reading);
        if (n % PACE_READINGS === 0) await this.#pace(n, signal);
      }
      await publisher.close();
    } catch (error) {
      // Ends the stream without waiting for what will not come.
      await publisher.close().catch(() => {});
      throw error;
    } finally {
      await agent.close();
    }
  }

  async #send(publisher: AgentPublisher, n: number, reading: Reading): Promise<void> {
    const topic = `air/${reading.station}/${reading.quantity}`;
    const options = {
      id: { producer: this.#options.name, n },
      headers: { [OBSERVED_HEADER]: reading.observed },
    };
    const hasRoom = publisher.send(topic, reading.value, options, (error) => {
      if (error !== null) return;
      this.#unacknowledged.delete(n);
      this.#published.set(readingName(topic, reading.observed), reading.value);
      this.#progressAtMs = performance.now();
    });
    if (!hasRoom) await publisher.room();
  }

  /** Waits until the reading `n` is due; one that is late is sent at once, so that lost time is made up for. */
  async #pace(n: number, signal: AbortSignal): Promise<void> {
    const dueMs = this.#startedAtMs + (n * 1_000) / this.#options.readingsPerSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 1) await sleep(waitMs, undefined, { signal });
  }
}
