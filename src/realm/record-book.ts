import { compareRecords, type RealmRecord } from './realm-record.ts';

/** Issuers whose records are kept. */
const ISSUERS_MAX = 1_024;

/**
 * The latest record of each issuer, so that when an admin is revoked its record falls and the next one rises,
 * whichever came first. An admin with two chains of grants is two issuers here, as one of them may fall.
 */
export class RecordBook {
  readonly #byIssuer = new Map<string, RealmRecord>();

  /** Takes a record in. */
  add(record: RealmRecord): 'taken' | 'outdated' | 'full' {
    const issuer = record.issuerGrants.map(({ id }) => id).join();
    const known = this.#byIssuer.get(issuer);
    if (known === undefined && this.#byIssuer.size >= ISSUERS_MAX) return 'full';
    if (known !== undefined && compareRecords(record, known) <= 0) return 'outdated';
    this.#byIssuer.set(issuer, record);
    return 'taken';
  }

  /** Drops all records that do not pass. */
  retain(passes: (record: RealmRecord) => boolean): void {
    for (const [issuer, record] of this.#byIssuer) if (!passes(record)) this.#byIssuer.delete(issuer);
  }

  /** The latest record of all issuers that count; `null` if there is none. */
  latest(counts: (record: RealmRecord) => boolean): RealmRecord | null {
    let latest: RealmRecord | null = null;
    for (const record of this.#byIssuer.values()) {
      if ((latest === null || compareRecords(record, latest) > 0) && counts(record)) latest = record;
    }
    return latest;
  }
}
