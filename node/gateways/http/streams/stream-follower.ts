import { TopicFilter } from '../../../../src/index.ts';
import { messageToJson } from '../../../control/message-json.ts';
import type { ServedMesh } from '../../../control/served-mesh.ts';
import type { HttpCounters } from '../http-counters.ts';
import { StreamCursor } from './stream-cursor.ts';
import type { HubListener, HubMessage, StreamHub } from './stream-hub.ts';
import type { StreamRequest } from './stream-request.ts';
import type { StreamSink } from './stream-sink.ts';

/** What a follower works with. */
export interface FollowerParts {
  readonly mesh: Pick<ServedMesh, 'history' | 'historyEnd' | 'lastValues'>;
  readonly hub: StreamHub;
  readonly counters: HttpCounters;
  /** Lets so many followers read the journal at once. */
  readonly reading: <T>(work: () => Promise<T>) => Promise<T>;
  /** Bytes that may be unsent; with more, it reads on from the journal later. */
  readonly unsentBytesMax: number;
}

const PAGE = { messagesMax: 256, payloadBytesMax: 65_536 };
/** Messages that are held while the last page is read; with more, another page is read. */
const HELD_MAX = 256;
const HELD_BYTES_MAX = 1_048_576;
const LAST_VALUES_MAX = 10_000;

/**
 * One live stream. While the client reads what it is sent, messages come from the hub as they arrive. A client that is
 * slow, or comes back, reads pages of the journal from its cursor until it is level with the hub: nothing is kept for it in
 * memory, and it loses nothing that the node holds.
 */
export class StreamFollower implements HubListener {
  readonly #request: StreamRequest;
  readonly #sink: StreamSink;
  readonly #parts: FollowerParts;
  readonly #filters: readonly TopicFilter[];
  #cursor = new StreamCursor('');
  /** Messages of the hub that wait for the page that is being read; `null`: they are written at once. */
  #held: HubMessage[] | null = [];
  #overflown = false;

  constructor(request: StreamRequest, sink: StreamSink, parts: FollowerParts) {
    this.#request = request;
    this.#sink = sink;
    this.#parts = parts;
    this.#filters = request.filters.flatMap((text) => {
      const filter = TopicFilter.parse(text);
      return filter.ok ? [filter.value] : [];
    });
  }

  /** Serves the client until it leaves or the stream is ended. Rejects with what is wrong with the request. */
  async open(): Promise<void> {
    const { filters, start } = this.#request;
    const { mesh } = this.#parts;
    const end = mesh.historyEnd(filters);
    if (start.kind === 'cursor') {
      // Found out before the answer begins, while it can still be refused.
      await mesh.history(filters, { cursor: start.cursor, messagesMax: 1 });
      this.#cursor = new StreamCursor(start.cursor);
    } else if (start.kind === 'time') {
      const { cursor } = await mesh.history(filters, { sinceMs: start.sinceMs, untilMs: start.sinceMs });
      this.#cursor = new StreamCursor(cursor);
    } else if (start.kind !== 'all') this.#cursor = new StreamCursor(end);
  }

  /** Begins to write. */
  begin(): void {
    this.#sink.onEnd(() => this.#parts.hub.leave(this));
    this.#catchUp(this.#request.start.kind === 'last');
  }

  take(batch: readonly HubMessage[]): void {
    const wanted = batch.filter(({ message }) =>
      this.#filters.some((filter) => filter.matches(message.topic)),
    );
    if (wanted.length === 0) return;
    if (this.#held === null) this.#writeLive(wanted);
    else this.#hold(wanted);
  }

  end(error: unknown): void {
    this.#sink.end(error ?? undefined);
  }

  /** For a moment; where much arrives meanwhile, it lies in the journal. */
  #hold(batch: readonly HubMessage[]): void {
    const held = [...(this.#held ?? []), ...batch];
    const bytes = held.reduce((sum, { message }) => sum + message.payload.length, 0);
    this.#overflown ||= held.length > HELD_MAX || bytes > HELD_BYTES_MAX;
    this.#held = this.#overflown ? [] : held;
  }

  #writeLive(batch: readonly HubMessage[]): void {
    this.#writeNew(batch);
    if (this.#hasRoom()) return;
    this.#parts.counters.count('streamsBehind');
    this.#parts.hub.leave(this);
    this.#catchUp(false);
  }

  #writeNew(batch: readonly HubMessage[]): void {
    const frames: string[] = [];
    for (const { message, json } of batch) {
      if (this.#cursor.covers(message.channel, message.offset)) continue;
      this.#cursor.note(message.channel, message.offset);
      frames.push(this.#sink.frame(json, this.#cursor.toString()));
    }
    this.#write(frames);
  }

  #hasRoom(): boolean {
    return this.#sink.unsentBytes <= this.#parts.unsentBytesMax;
  }

  #write(frames: readonly string[]): void {
    if (frames.length === 0) return;
    this.#parts.counters.count('messagesOut', frames.length);
    this.#sink.write(frames);
  }

  #catchUp(lastValuesFirst: boolean): void {
    this.#held = [];
    this.#readOn(lastValuesFirst).catch((error: unknown) => this.#sink.end(error));
  }

  /** Reads pages until nothing is left, with the hub's messages held from before the last one. */
  async #readOn(lastValuesFirst: boolean): Promise<void> {
    if (lastValuesFirst) await this.#writeLastValues();
    let joined = false;
    while (!this.#sink.isEnded) {
      await this.#sink.whenSent();
      if (this.#sink.isEnded) break;
      this.#overflown = false;
      const more = await this.#writePage();
      if (more || this.#overflown || !this.#hasRoom()) continue;
      if (joined) return this.#goLive();
      this.#parts.hub.join(this);
      joined = true;
    }
    this.#parts.hub.leave(this);
  }

  async #writePage(): Promise<boolean> {
    const { mesh, reading } = this.#parts;
    const cursor = this.#cursor.toString();
    const from = cursor === '' ? {} : { cursor };
    const page = await reading(() => mesh.history(this.#request.filters, { ...PAGE, ...from }));
    const frames = page.messages.map((message) => {
      this.#cursor.note(message.channel, message.offset);
      return this.#sink.frame(JSON.stringify(messageToJson(message)), this.#cursor.toString());
    });
    this.#cursor = new StreamCursor(page.cursor);
    this.#write(frames);
    return page.more;
  }

  #goLive(): void {
    const held = this.#held ?? [];
    this.#held = null;
    this.#writeLive(held);
  }

  async #writeLastValues(): Promise<void> {
    const { mesh, reading } = this.#parts;
    const wants = (topic: string) => this.#filters.some((filter) => filter.matches(topic));
    const { messages } = await reading(() => mesh.lastValues(wants, LAST_VALUES_MAX));
    for (const message of messages) {
      if (this.#sink.isEnded) return;
      this.#write([this.#sink.frame(JSON.stringify(messageToJson(message)), '')]);
      if (!this.#hasRoom()) await this.#sink.whenSent();
    }
  }
}
