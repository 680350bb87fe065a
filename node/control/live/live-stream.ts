import type { ServerResponse } from 'node:http';
import type { DeliveredMessage } from '../../../src/index.ts';
import { writeWhenRoom } from '../write-when-room.ts';
import type { LiveFeed, Running } from './live-feed.ts';
import { BOARD_TOPICS_MAX, type BoardRow } from './topic-board-state.ts';
import { WatchedMessages } from './watched-messages.ts';

/** A batch at most so often. */
export const LIVE_TICK_MS = 250;
/** A line without news, so that a reader can tell silence from a broken line. */
const HEARTBEAT_MS = 5_000;
/** Topics in one line. */
const ROWS_PER_LINE = 1_000;

/** What a live view asks for. */
export interface LiveStreamRequest {
  /** Filters of which every message is wanted, within limits. */
  readonly watch: readonly string[];
  /** `at` of the last line that the reader had; what it knew is not sent again. */
  readonly since: string | null;
  /** Asked at each batch: false ends the stream. */
  readonly mayGoOn: () => boolean;
}

/**
 * One reader of the live view: a line at most every 250 ms with all that changed. A reader that is slow gets fewer
 * lines with the newest state; nothing is queued for it but the watched messages, which have a limit.
 */
export class LiveStream {
  readonly #feed: LiveFeed;
  readonly #response: ServerResponse;
  readonly #watched: WatchedMessages;
  readonly #listener: (message: DeliveredMessage) => void;
  readonly #since: string | null;
  readonly #mayGoOn: () => boolean;
  #known = { topics: 0, sections: 0 };
  #wake: () => void = () => {};
  #ended = false;

  constructor(feed: LiveFeed, response: ServerResponse, request: LiveStreamRequest) {
    this.#feed = feed;
    this.#response = response;
    this.#watched = new WatchedMessages(request.watch);
    this.#since = request.since;
    this.#mayGoOn = request.mayGoOn;
    this.#listener = (message) => this.#watched.offer(message);
  }

  /** Serves until the reader leaves or the agent stops. */
  async run(): Promise<void> {
    const running = this.#feed.join(this.#listener);
    const end = (): void => this.#end();
    this.#response.once('close', end);
    running.abort.signal.addEventListener('abort', end, { once: true });
    this.#response.writeHead(200, {
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    try {
      await this.#greet(running);
      let saidAtMs = 0;
      while (!this.#ended && this.#mayGoOn()) {
        const nowMs = Date.now();
        await running.sections.refresh(nowMs);
        if (await this.#tell(running, nowMs)) saidAtMs = nowMs;
        else if (nowMs - saidAtMs >= HEARTBEAT_MS) {
          await this.#write({ nowMs });
          saidAtMs = nowMs;
        }
        if (!this.#ended) await this.#tick();
      }
    } finally {
      running.abort.signal.removeEventListener('abort', end);
      this.#feed.leave(this.#listener);
    }
    this.#response.end();
  }

  /** Ends the stream, as the agent stops. */
  async stop(): Promise<void> {
    this.#end();
    await this.#feed.stop();
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }

  async #greet({ id, sinceMs }: Running): Promise<void> {
    const [, topics, sections] = new RegExp(`^${id}:(\\d+):(\\d+)$`).exec(this.#since ?? '') ?? [];
    const resumed = topics !== undefined;
    if (resumed) this.#known = { topics: Number(topics), sections: Number(sections) };
    await this.#write({ live: 1, resumed, sinceMs, topicsMax: BOARD_TOPICS_MAX, tickMs: LIVE_TICK_MS });
  }

  /** False where there was nothing to tell. */
  async #tell(running: Running, nowMs: number): Promise<boolean> {
    const { topics, sections } = running;
    const upTo = { topics: topics.version, sections: sections.version };
    const sectionText = sections.changedSince(this.#known.sections);
    const rows = upTo.topics > this.#known.topics ? topics.changedSince(this.#known.topics) : [];
    const watched = this.#watched.take();
    if (sectionText === '' && rows.length === 0 && watched === null) return false;
    const last = Math.max(0, rows.length - 1);
    const lastStart = last - (last % ROWS_PER_LINE);
    for (let start = 0; start < lastStart; start += ROWS_PER_LINE)
      await this.#write({
        nowMs,
        topics: this.#rowsToJson(running, rows.slice(start, start + ROWS_PER_LINE)),
      });
    const line = {
      nowMs,
      // With the last line alone: who loses the stream before it gets these rows again.
      at: `${running.id}:${upTo.topics}:${upTo.sections}`,
      ...(rows.length === 0 ? {} : { topics: this.#rowsToJson(running, rows.slice(lastStart)) }),
      ...(watched === null ? {} : { watched }),
    };
    await this.#write(line, sectionText);
    this.#known = upTo;
    return true;
  }

  #rowsToJson({ topics }: Running, rows: readonly BoardRow[]) {
    const known = this.#known.topics;
    const born = rows.flatMap(({ id, topic, channel, bornAt }) =>
      bornAt > known ? [[id, topic, channel] as const] : [],
    );
    return {
      total: topics.topics,
      messages: topics.messages,
      authors: topics.authorsSince(known),
      new: born,
      values: rows.map(({ id, value, payloadBytes, timeMs, author, messages }) => {
        return [id, value, payloadBytes, timeMs, author, messages] as const;
      }),
    };
  }

  async #write(fields: object, sectionText = ''): Promise<void> {
    const text = JSON.stringify(fields);
    const sections = sectionText === '' ? '' : `,"sections":{${sectionText}}`;
    await writeWhenRoom(this.#response, `${text.slice(0, -1)}${sections}}\n`);
  }

  #tick(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LIVE_TICK_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
