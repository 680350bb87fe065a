import type { Entry } from '../entry/index.ts';
import type { ErrorCode } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ChannelJournal } from '../journal/index.ts';
import { REALM_CHANNEL } from '../realm/index.ts';
import type { Lifetimes } from './lifetimes.ts';
import type { Quotas } from './quotas.ts';
import { speaksForOthers } from './reserved-topic.ts';

/** What {@link Admission} works with. */
export interface AdmissionDependencies {
  readonly self: NodeId;
  readonly lifetimes: Lifetimes;
  readonly quotas: Quotas;
  readonly journalOf: (channel: string) => ChannelJournal | null;
}

/** What is not taken from others though it may be valid: what expired, is over a quota, or speaks for another node. */
export class Admission {
  readonly #deps: AdmissionDependencies;

  constructor(deps: AdmissionDependencies) {
    this.#deps = deps;
  }

  /** Why an entry of that age is refused; `null` if it is not. What is refused does not count as seen. */
  readonly refusalOf = (entry: Entry, ageMs: number): ErrorCode | null => {
    const { self, lifetimes, quotas, journalOf } = this.#deps;
    if (speaksForOthers(entry)) return 'entry.foreign-topic';
    const ttlSeconds = entry.channel === REALM_CHANNEL ? 0 : lifetimes.ttlSecondsOf(entry);
    if (ttlSeconds > 0 && ageMs > ttlSeconds * 1_000) return 'entry.expired';
    const journal = journalOf(entry.channel);
    return journal === null || entry.author === self ? null : quotas.refusalOf(journal, entry);
  };
}
