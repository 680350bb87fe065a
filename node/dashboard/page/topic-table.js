import { firstNumber } from './numeric-fields.js';

/** Numbers kept of each topic for its small line. */
const TREND_LENGTH = 40;
/** A rate forgets what is older than this by two thirds. */
const RATE_MEMORY_MS = 8_000;

/** A topic and its last value. */
export class TopicRow {
  /** Start of the payload as text; `null` where it is not UTF-8. @type {string | null} */
  value = null;
  payloadBytes = 0;
  /** Author's clock, milliseconds since 1970. */
  timeMs = 0;
  author = '';
  authorName = '';
  /** Messages since the view began. */
  messages = 0;
  /** Grows with each change. */
  version = 0;
  #rate = 0;
  #rateAtMs = 0;
  /** @type {Float32Array | null} */
  #trend = null;
  #trendLength = 0;

  /**
   * @param {number} id
   * @param {string} topic
   * @param {string} channel
   */
  constructor(id, topic, channel) {
    this.id = id;
    this.topic = topic;
    this.channel = channel;
  }

  /**
   * @param {{ value: string | null, payloadBytes: number, timeMs: number, messages: number }} news
   * @param {number} nowMs
   */
  take({ value, payloadBytes, timeMs, messages }, nowMs) {
    // The first is the last value of before: when its messages came is not known.
    if (this.version > 0) this.#countRate(messages - this.messages, nowMs);
    else this.#rateAtMs = nowMs;
    this.value = value;
    this.payloadBytes = payloadBytes;
    this.timeMs = timeMs;
    this.messages = messages;
    this.version++;
    const number = firstNumber(value);
    if (number !== null) this.#pushTrend(number);
  }

  /** Messages a second of late. @param {number} nowMs */
  rate(nowMs) {
    return this.#rate * Math.exp(-Math.max(0, nowMs - this.#rateAtMs) / RATE_MEMORY_MS);
  }

  /** The last numbers, the oldest first; empty where values are no numbers. @returns {readonly number[]} */
  trend() {
    if (this.#trend === null) return [];
    const start = Math.max(0, this.#trendLength - TREND_LENGTH);
    const length = Math.min(this.#trendLength, TREND_LENGTH);
    return Array.from({ length }, (_, index) => this.#trend?.[(start + index) % TREND_LENGTH] ?? 0);
  }

  /**
   * @param {number} messages
   * @param {number} nowMs
   */
  #countRate(messages, nowMs) {
    // Batches come every quarter of a second: each adds its share to a rate that fades.
    this.#rate = this.rate(nowMs) + Math.max(0, messages) / (RATE_MEMORY_MS / 1_000);
    this.#rateAtMs = nowMs;
  }

  /** @param {number} number */
  #pushTrend(number) {
    this.#trend ??= new Float32Array(TREND_LENGTH);
    this.#trend[this.#trendLength % TREND_LENGTH] = number;
    this.#trendLength++;
    // The place in the ring is all that counts.
    if (this.#trendLength >= 2 * TREND_LENGTH) this.#trendLength -= TREND_LENGTH;
  }
}

/**
 * The topics that the server's view holds. Both keep the same number by the same rule: at the limit, the topic that was
 * longest without news makes room.
 */
export class TopicTable {
  /** By id, who changed last stands last. @type {Map<number, TopicRow>} */
  #rows = new Map();
  /** @type {Map<string, TopicRow>} */
  #byTopic = new Map();
  /** @type {{ node: string, name: string }[]} */
  #authors = [];
  /** When a node's own message last came, by whatever way; nodes of one realm, so there are few. @type {Map<string, number>} */
  heard = new Map();
  /** Grows when a topic comes or goes. */
  structure = 0;
  /** Messages since the view began. */
  messages = 0;
  topicsMax = 10_000;

  get size() {
    return this.#rows.size;
  }

  /** @param {string} topic */
  get(topic) {
    return this.#byTopic.get(topic);
  }

  /** All rows, those that changed last at the end. */
  rows() {
    return this.#rows.values();
  }

  /** Names of all topics. */
  topics() {
    return this.#byTopic.keys();
  }

  /** Begins anew: the server's view did. */
  clear() {
    this.#rows.clear();
    this.#byTopic.clear();
    this.#authors = [];
    this.structure++;
  }

  /**
   * Takes the `topics` of a line (docs/control-api.md, `live`).
   * @param {{ messages: number, authors: [number, string, string][], new: [number, string, string][],
   *   values: [number, string | null, number, number, number, number][] }} batch
   * @param {number} nowMs
   */
  take(batch, nowMs) {
    this.messages = batch.messages;
    for (const [index, node, name] of batch.authors) this.#authors[index] = { node, name };
    for (const [id, topic, channel] of batch.new) this.#add(id, topic, channel);
    for (const [id, value, payloadBytes, timeMs, author, messages] of batch.values) {
      const row = this.#rows.get(id);
      if (row === undefined) continue;
      this.#rows.delete(id);
      this.#rows.set(id, row);
      row.take({ value, payloadBytes, timeMs, messages }, nowMs);
      row.author = this.#authors[author]?.node ?? '';
      row.authorName = this.#authors[author]?.name ?? '';
      // The first is a last value of before.
      if (row.version > 1) this.heard.set(row.author, nowMs);
    }
  }

  /**
   * @param {number} id
   * @param {string} topic
   * @param {string} channel
   */
  #add(id, topic, channel) {
    if (this.#rows.has(id)) return;
    const before = this.#byTopic.get(topic);
    if (before !== undefined) this.#rows.delete(before.id);
    else if (this.#rows.size >= this.topicsMax) {
      const [oldest] = this.#rows.values();
      if (oldest !== undefined) {
        this.#rows.delete(oldest.id);
        this.#byTopic.delete(oldest.topic);
      }
    }
    const row = new TopicRow(id, topic, channel);
    this.#rows.set(id, row);
    this.#byTopic.set(topic, row);
    this.structure++;
  }
}
