import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../monotonic-clock.ts';
import { stampPayload } from '../stamped-payload.ts';
import type { BenchAck, Endpoint } from './endpoint.ts';

/** What to publish. */
export interface PublishRun {
  readonly phase: number;
  readonly count: number;
  readonly payloadBytes: number;
  readonly ack: BenchAck;
  /** Each message in an entry of its own, however busy the author is. @defaultValue `false` */
  readonly singly?: boolean;
  /** Evenly spaced, each message by itself; as fast as acknowledgements come if it is not given. */
  readonly messagesPerSecond?: number;
}

/** What became of it. */
export interface PublishReport {
  /** Monotonic times of the first publish and the last acknowledgement. */
  readonly firstMs: number;
  readonly lastAckMs: number;
  readonly acknowledged: number;
}

/** A lifetime that no run reaches. */
const TTL_SECONDS = 10_000_000;
/** Messages that wait for their acknowledgement at most. */
const IN_FLIGHT_MAX = 8_192;
/** A loop that never yields starves its own sockets. */
const YIELD_EVERY = 256;

/** Publishes the messages of one phase and resolves when the last is acknowledged. */
export async function publishRun(
  endpoint: Endpoint,
  run: PublishRun,
  isStopped: () => boolean = () => false,
): Promise<PublishReport> {
  const firstMs = monotonicMs();
  const flight = new Flight();
  let index = 0;
  for (; index < run.count && !isStopped(); index++) {
    if (run.messagesPerSecond !== undefined) {
      await until(firstMs + (index * 1_000) / run.messagesPerSecond);
    } else if (flight.size >= IN_FLIGHT_MAX) {
      await flight.shrinkTo(IN_FLIGHT_MAX / 2);
    } else if (index % YIELD_EVERY === YIELD_EVERY - 1) {
      await nextTurn();
    }
    const payload = stampPayload(run.payloadBytes, { sentMs: monotonicMs(), phase: run.phase, index });
    // Messages of different lifetimes do not share an entry.
    const ttlSeconds = run.singly === true ? TTL_SECONDS + (index % 2) : undefined;
    flight.add(endpoint.publish(payload, run.ack, ttlSeconds));
  }
  await flight.shrinkTo(0);
  return { firstMs, lastAckMs: monotonicMs(), acknowledged: index };
}

/** Waits for a time and at least one turn of the event loop, so that no two messages share an entry by chance. */
async function until(atMs: number): Promise<void> {
  const waitMs = atMs - monotonicMs();
  if (waitMs >= 1) await sleep(waitMs);
  else await nextTurn();
}

/** Publishes whose acknowledgement has not come. */
class Flight {
  #size = 0;
  #failure: unknown = null;
  #waiter: { readonly mark: number; readonly wake: () => void } | null = null;

  get size(): number {
    return this.#size;
  }

  add(publish: Promise<unknown>): void {
    this.#size++;
    publish.then(
      () => this.#land(),
      (error: unknown) => {
        this.#failure ??= error;
        this.#land();
      },
    );
  }

  /** Resolves when at most `mark` are under way; throws the first failure. */
  async shrinkTo(mark: number): Promise<void> {
    if (this.#size > mark) {
      await new Promise<void>((wake) => {
        this.#waiter = { mark, wake };
      });
      this.#waiter = null;
    }
    if (this.#failure !== null) throw this.#failure;
  }

  #land(): void {
    this.#size--;
    if (this.#waiter !== null && this.#size <= this.#waiter.mark) this.#waiter.wake();
  }
}
