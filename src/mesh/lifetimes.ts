import type { EntryHeader } from '../entry/index.ts';
import type { AgeClock, LocalFacts } from '../journal/index.ts';

/** How old entries are, and which are past their lifetime: late, never early. */
export class Lifetimes {
  readonly #clock: AgeClock;
  readonly #ttlSecondsOf: (channel: string) => number;

  /** `ttlSecondsOf`: for entries without a lifetime of their own; 0 for none. */
  constructor(clock: AgeClock, ttlSecondsOf: (channel: string) => number) {
    this.#clock = clock;
    this.#ttlSecondsOf = ttlSecondsOf;
  }

  /** Age of a held entry: what came with it and the time it lies here, milliseconds. */
  readonly ageMs = ({ ageMs, receivedAtMs }: Pick<LocalFacts, 'ageMs' | 'receivedAtMs'>): number =>
    ageMs + this.#clock.elapsedMs(receivedAtMs);

  /** True for a held entry that is neither delivered nor served any more. */
  readonly isExpired = (
    entry: Pick<EntryHeader, 'channel' | 'ttlSeconds'>,
    facts: Pick<LocalFacts, 'ageMs' | 'receivedAtMs'>,
  ): boolean => {
    const ttlSeconds = this.ttlSecondsOf(entry);
    return ttlSeconds > 0 && this.ageMs(facts) > ttlSeconds * 1_000;
  };

  /** Lifetime of an entry, seconds; 0 for none. */
  readonly ttlSecondsOf = ({ channel, ttlSeconds }: Pick<EntryHeader, 'channel' | 'ttlSeconds'>): number =>
    ttlSeconds > 0 ? ttlSeconds : this.#ttlSecondsOf(channel);
}
