import type { NodeId } from '../identity/index.ts';
import { compareRecords, type RealmRecord } from './realm-record.ts';

/** Issuers whose records are kept. */
const ISSUERS_MAX = 1_024;

/**
 * The latest record of each issuer, so that when an admin is revoked its record falls and the next one rises,
 * whichever came first.
 */
export class RecordBook {
  readonly #byIssuer = new Map<NodeId, RealmRecord>();

  /** Takes a record in; `false` if there are too many issuers. */
  add(record: RealmRecord): boolean {
    const known = this.#byIssuer.get(record.issuer);
    if (known === undefined && this.#byIssuer.size >= ISSUERS_MAX) return false;
    if (known === undefined || compareRecords(record, known) > 0) this.#byIssuer.set(record.issuer, record);
    return true;
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
