import type { Grant } from './grant.ts';

/** What a book keeps: a realm record, or a policy. */
export interface Versioned {
  readonly version: number;
  readonly id: string;
  readonly issuerGrants: readonly Grant[];
}

/** Issuers whose records are kept. */
const ISSUERS_MAX = 1_024;

/**
 * The latest record of each issuer, so that when an admin is revoked its record falls and the next one rises,
 * whichever came first. An admin with two chains of grants is two issuers here, as one of them may fall.
 */
export class RecordBook<T extends Versioned> {
  readonly #byIssuer = new Map<string, T>();

  /** Takes a record in. */
  add(record: T): 'taken' | 'outdated' | 'full' {
    const issuer = record.issuerGrants.map(({ id }) => id).join();
    const known = this.#byIssuer.get(issuer);
    if (known === undefined && this.#byIssuer.size >= ISSUERS_MAX) return 'full';
    if (known !== undefined && compareRecords(record, known) <= 0) return 'outdated';
    this.#byIssuer.set(issuer, record);
    return 'taken';
  }

  /** Drops all records that do not pass. */
  retain(passes: (record: T) => boolean): void {
    for (const [issuer, record] of this.#byIssuer) if (!passes(record)) this.#byIssuer.delete(issuer);
  }

  /** The latest record of all issuers that count; `null` if there is none. */
  latest(counts: (record: T) => boolean): T | null {
    let latest: T | null = null;
    for (const record of this.#byIssuer.values()) {
      if ((latest === null || compareRecords(record, latest) > 0) && counts(record)) latest = record;
    }
    return latest;
  }
}

/** Positive where `a` is the later record: the higher version, then the higher id. */
export function compareRecords(a: Versioned, b: Versioned): number {
  return a.version - b.version || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
