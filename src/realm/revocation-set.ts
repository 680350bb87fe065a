import type { NodeId } from '../identity/index.ts';
import type { Revocation } from './revocation.ts';

/** What all revocations of one subject say together. */
export interface MergedRevocation {
  /** Last number of the log that counts, 0 for none. */
  through(channel: string, epoch: string): number;
  /** Whether a grant or revocation by the subject, named by its id, stays. */
  keeps(id: string): boolean;
}

/**
 * All revocations, merged by subject: of each log the lowest last number counts, where one that does not name the
 * log says 0, and of what the subject signed that stays which all keep. So order and repetition do not matter, and what was revoked
 * never comes back.
 */
export class RevocationSet {
  readonly #bySubject = new Map<NodeId, Merged>();

  /** How many subjects are revoked. */
  get size(): number {
    return this.#bySubject.size;
  }

  /** What is revoked of the subject; `null` for nothing. */
  of(subject: NodeId): MergedRevocation | null {
    return this.#bySubject.get(subject) ?? null;
  }

  add(revocation: Revocation): void {
    const merged = this.#bySubject.get(revocation.subject);
    if (merged === undefined) this.#bySubject.set(revocation.subject, new Merged(revocation));
    else merged.narrow(new Merged(revocation));
  }
}

class Merged implements MergedRevocation {
  readonly #lastByLog = new Map<string, number>();
  readonly #keeps: Set<string>;

  constructor({ logs, keeps }: Revocation) {
    this.#keeps = new Set(keeps);
    for (const { channel, epoch, last } of logs) {
      const log = `${epoch}/${channel}`;
      this.#lastByLog.set(log, Math.min(last, this.#lastByLog.get(log) ?? last));
    }
  }

  through(channel: string, epoch: string): number {
    return this.#lastByLog.get(`${epoch}/${channel}`) ?? 0;
  }

  keeps(id: string): boolean {
    return this.#keeps.has(id);
  }

  narrow(other: Merged): void {
    for (const [log, last] of this.#lastByLog) {
      const theirs = other.#lastByLog.get(log);
      if (theirs === undefined) this.#lastByLog.delete(log);
      else this.#lastByLog.set(log, Math.min(last, theirs));
    }
    for (const id of this.#keeps) if (!other.#keeps.has(id)) this.#keeps.delete(id);
  }
}
