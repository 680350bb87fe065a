import { randomBytes } from 'node:crypto';
import type { DeliveredMessage, Log, Subscription } from '../../../src/index.ts';
import type { ServedMesh } from '../served-mesh.ts';
import type { LiveSection } from './live-sections.ts';
import { SectionBoard } from './section-board.ts';
import { TopicBoard } from './topic-board-state.ts';

/** What a {@link LiveFeed} works with. */
export interface LiveFeedParts {
  readonly mesh: Pick<ServedMesh, 'subscribe' | 'channels'>;
  readonly sections: readonly LiveSection[];
  readonly log: Log;
  readonly nowMs: () => number;
}

/** Up to so many bytes of journals are read for the last values of all topics; that takes a second or two. */
const WHOLE_JOURNAL_BYTES_MAX = 67_108_864;
/** Of longer journals only what came in this time is read. */
const RECENT_MS = 600_000;
/** The board stays for so long when the last view has gone, so that a reload costs nothing. */
const LINGER_MS = 30_000;
/** Messages asked for at once. */
const BATCH_MESSAGES = 1_024;

/** What is fed to all live views while there are any: one subscription, however many look. */
export class LiveFeed {
  readonly #parts: LiveFeedParts;
  readonly #listeners = new Set<(message: DeliveredMessage) => void>();
  #running: Running | null = null;
  #lingering: NodeJS.Timeout | null = null;

  constructor(parts: LiveFeedParts) {
    this.#parts = parts;
  }

  /** Joins the feed, which begins with the first. The listener hears of every message until `leave`. */
  join(listener: (message: DeliveredMessage) => void): Running {
    if (this.#lingering !== null) clearTimeout(this.#lingering);
    this.#lingering = null;
    this.#listeners.add(listener);
    this.#running ??= this.#start();
    return this.#running;
  }

  leave(listener: (message: DeliveredMessage) => void): void {
    if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
    this.#lingering = setTimeout(() => void this.stop(), LINGER_MS).unref();
  }

  /** Ends the subscription. Idempotent. */
  async stop(): Promise<void> {
    if (this.#lingering !== null) clearTimeout(this.#lingering);
    this.#lingering = null;
    const running = this.#running;
    this.#running = null;
    await running?.subscription.close();
  }

  #start(): Running {
    const { mesh, sections, log, nowMs } = this.#parts;
    const bytes = mesh.channels().reduce((sum, channel) => sum + channel.bytes, 0);
    const sinceMs = bytes > WHOLE_JOURNAL_BYTES_MAX ? nowMs() - RECENT_MS : null;
    const from = sinceMs === null ? 'last' : { timeMs: sinceMs };
    const running: Running = {
      id: randomBytes(8).toString('hex'),
      sinceMs,
      topics: new TopicBoard(),
      sections: new SectionBoard(sections, log),
      subscription: mesh.subscribe(['#'], { from, order: 'arrival' }),
      abort: new AbortController(),
    };
    this.#pump(running)
      .catch((error) => log.warn({ reason: String(error) }, 'the live feed failed'))
      .finally(() => this.#ended(running));
    return running;
  }

  /** Readers of a feed that has ended are let go: they come back to a new one. */
  #ended(running: Running): void {
    if (this.#running === running) this.#running = null;
    running.abort.abort();
  }

  async #pump({ topics, subscription }: Running): Promise<void> {
    for (;;) {
      const batch = await subscription.nextBatch(BATCH_MESSAGES);
      if (batch.length === 0) return;
      for (const delivery of batch) {
        if (delivery.kind === 'gap') continue;
        topics.take(delivery);
        for (const listener of this.#listeners) listener(delivery);
      }
    }
  }
}

/** A feed that runs. */
export interface Running {
  /** Versions of one id are comparable. */
  readonly id: string;
  /** Topics without news since then are not on the board; `null`: all are. */
  readonly sinceMs: number | null;
  readonly topics: TopicBoard;
  readonly sections: SectionBoard;
  readonly subscription: Subscription;
  /** Aborted when the feed has ended. */
  readonly abort: AbortController;
}
