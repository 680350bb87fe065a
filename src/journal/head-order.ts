import { sha256, toHex } from '../bytes/index.ts';
import type { Head } from './journal-face.ts';
import { type HeldLog, headHashSumBytes, headOf, logKeyOf } from './range-index.ts';

/** Bytes of a fingerprint, as of a root. */
const FINGERPRINT_BYTES = 16;

/**
 * The heads of a channel by log key (author, then epoch, as hexadecimal), with sums of their hashes over any
 * range in logarithmic time: a Fenwick tree (P. Fenwick, "A new data structure for cumulative frequency
 * tables", 1994). Bounds are beginnings of keys; a range goes from a bound up to another, exclusive, `null`
 * being the end.
 */
export class HeadOrder {
  readonly #keys: readonly string[];
  readonly #logs: readonly HeldLog[];
  readonly #places: ReadonlyMap<HeldLog, number>;
  /** Sums of hashes, not reduced: differences of them may be negative in between. */
  readonly #tree: bigint[];

  /** Takes the hashes of the heads as they stand; later changes come by {@link HeadOrder.add}. */
  constructor(logs: Iterable<HeldLog>) {
    const sorted = [...logs]
      .map((held) => ({ held, key: logKeyOf(held) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    this.#keys = sorted.map(({ key }) => key);
    this.#logs = sorted.map(({ held }) => held);
    this.#places = new Map(this.#logs.map((held, at) => [held, at]));
    this.#tree = [0n, ...this.#logs.map(({ headHash }) => headHash)];
    for (let at = 1; at < this.#tree.length; at++) {
      const parent = at + (at & -at);
      if (parent < this.#tree.length) this.#tree[parent]! += this.#tree[at]!;
    }
  }

  /** The hash of a log's head grew by so much. */
  add(held: HeldLog, delta: bigint): void {
    for (let at = this.#places.get(held)! + 1; at < this.#tree.length; at += at & -at) {
      this.#tree[at]! += delta;
    }
  }

  /** Logs in a range; some may hold nothing any more. */
  count(from: string, to: string | null): number {
    return Math.max(0, this.#indexOf(to) - this.#indexOf(from));
  }

  /** 16 bytes over the heads in a range, hexadecimal: made as the root is made over all. */
  fingerprint(from: string, to: string | null): string {
    const sum = this.#sumBelow(this.#indexOf(to)) - this.#sumBelow(this.#indexOf(from));
    return toHex(sha256(headHashSumBytes(sum)).subarray(0, FINGERPRINT_BYTES));
  }

  /** Heads in a range, by key. */
  heads(from: string, to: string | null): Head[] {
    return this.#logs
      .slice(this.#indexOf(from), this.#indexOf(to))
      .filter(({ numbers }) => numbers.ranges.length > 0)
      .map(headOf);
  }

  /** Bounds that cut a range into parts of about as many logs each; none where it has fewer than two. */
  split(from: string, to: string | null, parts: number): string[] {
    const first = this.#indexOf(from);
    const count = this.#indexOf(to) - first;
    const bounds: string[] = [];
    for (let part = 1; part < Math.min(parts, count); part++) {
      const at = first + Math.floor((part * count) / Math.min(parts, count));
      bounds.push(boundBetween(this.#keys[at - 1]!, this.#keys[at]!));
    }
    return bounds;
  }

  #sumBelow(index: number): bigint {
    let sum = 0n;
    for (let at = index; at > 0; at -= at & -at) sum += this.#tree[at]!;
    return sum;
  }

  /** First place whose key is at or above a bound. */
  #indexOf(bound: string | null): number {
    if (bound === null) return this.#keys.length;
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle]! < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Shortest beginning of `after`, in whole bytes, that is above `before`; both are hexadecimal keys. */
export function boundBetween(before: string, after: string): string {
  let at = 0;
  while (at < after.length && before[at] === after[at]) at++;
  return after.slice(0, at - (at % 2) + 2);
}
