import { isUtf8 } from 'node:buffer';
import type { DeliveredMessage } from '../../../src/index.ts';

/** Topics on the board. At the limit, the one that was longest without news makes room. */
export const BOARD_TOPICS_MAX = 10_000;
/** Authors on the board: as many as a realm can have nodes with something to say. At the limit, all begin anew. */
const BOARD_AUTHORS_MAX = 4_096;
/** Of a value so many bytes are shown. */
const PREVIEW_BYTES_MAX = 256;

/** A topic as the board has it. */
export interface BoardRow {
  readonly id: number;
  readonly topic: string;
  readonly channel: string;
  /** Version of the board with which the topic came. */
  readonly bornAt: number;
  changedAt: number;
  /** Start of the payload as text; `null` where it is not UTF-8. */
  value: string | null;
  payloadBytes: number;
  /** Author's clock, milliseconds since 1970. */
  timeMs: number;
  /** Index in the board's authors. */
  author: number;
  /** Messages since the board began. */
  messages: number;
}

/** An author on the board. */
export interface BoardAuthor {
  readonly node: string;
  readonly name: string;
  readonly bornAt: number;
}

/** Topics with their last values, and which of them changed since a version: what a live view is told. */
export class TopicBoard {
  readonly #rows = new Map<string, BoardRow>();
  readonly #authors: BoardAuthor[] = [];
  readonly #authorIds = new Map<string, number>();
  readonly #topicsMax: number;
  #version = 0;
  #nextId = 1;
  #messages = 0;

  constructor(topicsMax = BOARD_TOPICS_MAX) {
    this.#topicsMax = topicsMax;
  }

  /** Grows with each message. */
  get version(): number {
    return this.#version;
  }

  get topics(): number {
    return this.#rows.size;
  }

  /** Messages since the board began, also of topics that made room. */
  get messages(): number {
    return this.#messages;
  }

  /** Takes a message; the last one to arrive is a topic's value. */
  take(message: DeliveredMessage): void {
    const { topic, payload, timeMs } = message;
    this.#version++;
    this.#messages++;
    const row = this.#rows.get(topic) ?? this.#newRow(message);
    // Last in the map is who changed last, so that the first is who makes room.
    this.#rows.delete(topic);
    this.#rows.set(topic, row);
    row.changedAt = this.#version;
    row.value = previewOf(payload);
    row.payloadBytes = payload.byteLength;
    row.timeMs = timeMs;
    row.author = this.#authorOf(message);
    row.messages++;
  }

  /** Rows that changed after a version, the longest ago first. */
  changedSince(version: number): BoardRow[] {
    const changed: BoardRow[] = [];
    for (const row of this.#rows.values()) if (row.changedAt > version) changed.push(row);
    return changed;
  }

  /** Authors that came after a version, each with its index. */
  authorsSince(version: number): [index: number, node: string, name: string][] {
    return this.#authors.flatMap(({ node, name, bornAt }, index) =>
      bornAt > version ? [[index, node, name] as [number, string, string]] : [],
    );
  }

  #newRow({ topic, channel }: DeliveredMessage): BoardRow {
    if (this.#rows.size >= this.#topicsMax) {
      const [oldest] = this.#rows.keys();
      this.#rows.delete(oldest!);
    }
    const id = this.#nextId++;
    const blank = { value: null, payloadBytes: 0, timeMs: 0, author: 0, messages: 0 };
    return { id, topic, channel, bornAt: this.#version, changedAt: this.#version, ...blank };
  }

  #authorOf({ author, name }: DeliveredMessage): number {
    const known = this.#authorIds.get(author);
    if (known !== undefined) return known;
    if (this.#authors.length >= BOARD_AUTHORS_MAX) {
      this.#authors.length = 0;
      this.#authorIds.clear();
    }
    const index = this.#authors.push({ node: author, name, bornAt: this.#version }) - 1;
    this.#authorIds.set(author, index);
    return index;
  }
}

function previewOf(payload: Uint8Array): string | null {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  if (bytes.length <= PREVIEW_BYTES_MAX) return isUtf8(bytes) ? bytes.toString('utf8') : null;
  const start = bytes.subarray(0, PREVIEW_BYTES_MAX);
  // The cut may go through a character, whose first bytes are then left out.
  for (let less = 0; less < 4; less++) {
    const shorter = start.subarray(0, PREVIEW_BYTES_MAX - less);
    if (isUtf8(shorter)) return shorter.toString('utf8');
  }
  return null;
}
