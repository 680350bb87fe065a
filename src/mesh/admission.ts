import type { Entry } from '../entry/index.ts';
import type { ErrorCode } from '../errors/index.ts';
import { REALM_CHANNEL } from '../realm/index.ts';
import type { Lifetimes } from './lifetimes.ts';

/** What is not taken from others though it may be valid. */
export class Admission {
  readonly #lifetimes: Lifetimes;

  constructor(lifetimes: Lifetimes) {
    this.#lifetimes = lifetimes;
  }

  /** Why an entry of that age is refused; `null` if it is not. What is refused for age does not count as seen. */
  readonly refusalOf = (entry: Entry, ageMs: number): ErrorCode | null => {
    if (entry.channel === REALM_CHANNEL) return null;
    const ttlSeconds = this.#lifetimes.ttlSecondsOf(entry);
    return ttlSeconds > 0 && ageMs > ttlSeconds * 1_000 ? 'entry.expired' : null;
  };
}
