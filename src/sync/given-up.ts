import type { LogId } from '../entry/index.ts';
import type { SeqRange } from '../journal/index.ts';
import { addRange, subtractRanges } from './seq-ranges.ts';
import type { PullEnded } from './sync-events.ts';
import type { LogRanges } from './sync-frames.ts';

/** Ranges remembered at most; above that all are forgotten, and asked for once more. */
const RANGES_MAX = 4_096;
/** What a peer claimed and did not send is asked of it again after this. */
const ABSENT_MS = 60_000;

/** Numbers of a channel that one peer was asked for in vain: no use in asking again at every new message. */
export class GivenUp {
  /** The peer sent them, and they were not taken because of what the realm says of their author. */
  #refused = new Map<LogId, readonly SeqRange[]>();
  /** The peer claims them and did not send them, or what it sent was no good. */
  #absent = new Map<LogId, readonly SeqRange[]>();
  #absentAtMs = 0;
  /** The peer holds them and does not hand them on, or they are not taken here for good. */
  #gone = new Map<LogId, readonly SeqRange[]>();

  /** How many numbers. */
  get count(): number {
    let count = 0;
    for (const logs of [this.#refused, this.#gone, this.#absent])
      for (const ranges of logs.values()) for (const { first, last } of ranges) count += last - first + 1;
    return count;
  }

  /** Something was not taken that may be taken when the realm changes. */
  get hasRefused(): boolean {
    return this.#refused.size > 0;
  }

  /** Something that the peer claims may still come from it. */
  get hasAbsent(): boolean {
    return this.#absent.size > 0;
  }

  note({ refused, gone, absent }: Pick<PullEnded, 'refused' | 'gone' | 'absent'>, nowMs: number): void {
    addAll(this.#refused, refused);
    addAll(this.#gone, gone);
    addAll(this.#absent, absent);
    if (absent.length > 0) this.#absentAtMs = nowMs;
    const all = [this.#refused, this.#gone, this.#absent];
    if (all.reduce((sum, logs) => sum + rangesIn(logs), 0) > RANGES_MAX) this.clear();
  }

  /** What is left of ranges to ask for. */
  without(logs: readonly LogRanges[], nowMs: number): LogRanges[] {
    const sinceMs = nowMs - this.#absentAtMs;
    if (sinceMs < 0 || sinceMs > ABSENT_MS) this.#absent.clear();
    return logs.flatMap(({ log, ranges }) => {
      const wanted = [this.#refused, this.#gone, this.#absent].reduce<readonly SeqRange[]>(
        (left, logs) => subtractRanges(left, logs.get(log) ?? []),
        ranges,
      );
      return wanted.length === 0 ? [] : [{ log, ranges: wanted }];
    });
  }

  clear(): void {
    this.#gone = new Map();
    this.#refused = new Map();
    this.#absent = new Map();
  }
}

function addAll(into: Map<LogId, readonly SeqRange[]>, logs: readonly LogRanges[]): void {
  for (const { log, ranges } of logs)
    into.set(log, ranges.reduce<readonly SeqRange[]>(addRange, into.get(log) ?? []));
}

function rangesIn(logs: ReadonlyMap<LogId, readonly SeqRange[]>): number {
  let count = 0;
  for (const ranges of logs.values()) count += ranges.length;
  return count;
}
