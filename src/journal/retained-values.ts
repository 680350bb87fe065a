import { type Entry, lastSeqOf } from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';

/** A value that its author published with `retain`, and the record that holds it. */
export interface RetainedValue {
  readonly topic: string;
  readonly lamport: number;
  readonly author: NodeId;
  /** Number of the message. */
  readonly seq: number;
  readonly position: number;
  /** Bytes of the entry. */
  readonly length: number;
  /** An empty payload: it clears the topic's value. */
  readonly clears: boolean;
}

/** The last retained value of each topic that occurs in a segment. */
export class RetainedValues {
  readonly #byTopic = new Map<string, RetainedValue>();

  /** How many topics there are. */
  get size(): number {
    return this.#byTopic.size;
  }

  /** All values, one a topic. */
  all(): IterableIterator<RetainedValue> {
    return this.#byTopic.values();
  }

  /** True if there is a value of the topic. */
  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  /** Takes up a value, where it is the last of its topic so far. */
  add(value: RetainedValue): void {
    const before = this.#byTopic.get(value.topic);
    if (before === undefined || isLaterValue(value, before)) this.#byTopic.set(value.topic, value);
  }
}

/** The retained values of an entry. */
export function* retainedValuesOf(entry: Entry, position: number): Generator<RetainedValue> {
  const { lamport, author } = entry;
  const length = entry.bytes.length;
  for (let seq = entry.seq; entry.messages !== null && seq <= lastSeqOf(entry); seq++) {
    const { topic, payload, retain } = entry.messages[seq - entry.seq]!;
    if (retain !== true) continue;
    yield { topic, lamport, author, seq, position, length, clears: payload.length === 0 };
  }
}

/** True if `a` counts and `b` does not: the highest (lamport, author, number). */
export function isLaterValue(a: RetainedValue, b: RetainedValue): boolean {
  if (a.lamport !== b.lamport) return a.lamport > b.lamport;
  if (a.author !== b.author) return a.author > b.author;
  return a.seq > b.seq;
}
