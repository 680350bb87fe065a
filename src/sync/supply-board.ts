import type { LogId } from '../entry/index.ts';
import type { SeqRange } from '../journal/index.ts';
import { addRange, subtractRanges, touchesRange } from './seq-ranges.ts';
import type { LogRanges } from './sync-frames.ts';

/**
 * Who is supplying what right now, so that two peers are not asked for the same numbers at once, and so that a
 * subscription knows whether somebody is on the way to fill its gap.
 */
export class SupplyBoard {
  readonly #claims = new Map<string, Map<object, SeqRange[]>>();

  /** Claims what no other supplier (a session with a peer) supplies; returns that part. */
  claim(supplier: object, channel: string, logs: readonly LogRanges[]): LogRanges[] {
    const claimed: LogRanges[] = [];
    for (const { log, ranges } of logs) {
      const free = subtractRanges(ranges, this.#taken(channel, log));
      if (free.length === 0) continue;
      claimed.push({ log, ranges: free });
      const claims = this.#claims.get(keyOf(channel, log)) ?? new Map<object, SeqRange[]>();
      claims.set(supplier, free.reduce<SeqRange[]>(addRange, claims.get(supplier) ?? []));
      this.#claims.set(keyOf(channel, log), claims);
    }
    return claimed;
  }

  /** Ends a supplier's claims on a channel's logs. */
  release(supplier: object, channel: string, logs: readonly LogRanges[]): void {
    for (const { log } of logs) {
      const claims = this.#claims.get(keyOf(channel, log));
      claims?.delete(supplier);
      if (claims?.size === 0) this.#claims.delete(keyOf(channel, log));
    }
  }

  /** True while a peer supplies one of the numbers. */
  isSupplied(channel: string, log: LogId, range: SeqRange): boolean {
    return touchesRange(this.#taken(channel, log), range.first, range.last);
  }

  #taken(channel: string, log: LogId): SeqRange[] {
    const claims = this.#claims.get(keyOf(channel, log));
    return claims === undefined ? [] : [...claims.values()].flat().reduce<SeqRange[]>(addRange, []);
  }
}

function keyOf(channel: string, log: LogId): string {
  return `${channel} ${log}`;
}
