import { SedgeError } from '../errors/index.ts';
import { HeldNumbers } from './held-numbers.ts';
import type { HeldLog } from './range-index.ts';
import type { Segment } from './segment.ts';
import type { SegmentStore } from './segment-store.ts';
import { SegmentUnsound } from './segment-unsound.ts';

/** A read that meets this many unsound segments one after the other gives up. */
const REPAIRS_MAX = 64;

/** Mends what reading finds unsound: reads the segment through, keeps what is whole, forgets the rest. */
export class SegmentRepair {
  /** How often something held was lost. */
  shrinks = 0;
  readonly #store: SegmentStore;
  readonly #commit: () => Promise<void>;
  readonly #recounted: () => void;
  readonly #active = new Set<Promise<unknown>>();
  #queue: Promise<void> = Promise.resolve();
  #closed = false;

  /** `recounted` is called when what is held was counted anew from the segments. */
  constructor(store: SegmentStore, commit: () => Promise<void>, recounted: () => void) {
    this.#store = store;
    this.#commit = commit;
    this.#recounted = recounted;
  }

  /** Runs a read, and again after each repair that it calls for. Throws `journal.stopped`. */
  async reading<T>(read: () => Promise<T>): Promise<T> {
    const reading = this.#reading(read);
    this.#active.add(reading);
    try {
      return await reading;
    } finally {
      this.#active.delete(reading);
    }
  }

  /** Runs work that replaces segments: no repair runs meanwhile. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  /** Refuses reads from now on, and resolves when those under way have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#active);
    await this.#queue;
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    for (let repairs = 0; ; repairs++) {
      if (this.#closed) throw new SedgeError('journal.stopped', { channel: this.#store.context.channel });
      try {
        return await read();
      } catch (error) {
        if (!(error instanceof SegmentUnsound)) throw error;
        if (this.#closed) continue;
        if (repairs >= REPAIRS_MAX) throw ioFailure(error);
        const { generation } = this.#store;
        const repair = this.#queue.then(() => this.#repair(error, generation));
        this.#queue = repair.catch(() => {});
        await repair;
      }
    }
  }

  async #repair(found: SegmentUnsound, generation: number): Promise<void> {
    // Another read met it too, and it was mended while this one waited; or it was sealed meanwhile.
    if (this.#store.generation !== generation) return;
    const { segment } = found;
    // Retention dropped it meanwhile.
    if (!this.#store.segments[segment.kind].includes(segment)) return;
    segment.mending = true;
    try {
      await this.#mend(found);
    } finally {
      segment.mending = false;
    }
  }

  async #mend(found: SegmentUnsound): Promise<void> {
    const { segment } = found;
    const { log, channel, index } = this.#store.context;
    log.warn({ channel, file: segment.path, cause: String(found.cause) }, 'a segment is read through');
    await this.#retire(segment);
    // What a failing disk did not take yet cannot be told from damage.
    if (segment.syncedBytes < segment.size) throw ioFailure(found);
    const logs = this.#logsOf(segment);
    const before = segment.records;
    await this.#store.files.forget(segment.path);
    const { rows, tail, unreadable } = await this.#store.rebuild(segment);
    if (tail !== null) rows.damage.push(tail);
    await this.#store.quarantine(segment, rows.damage);
    segment.rows = rows;
    segment.sealed = null;
    segment.unreadable = unreadable;
    this.#store.generation++;
    for (const log of rows.byLog.keys()) logs.add(log);
    await this.recount([...logs].map((log) => index.byNumber(log)));
    this.#recounted();
    if (rows.count < before) this.shrinks++;
    await this.#store.seal(segment).catch(() => {});
  }

  /** A segment that is still written to is left behind, so that it is whole on disk before it is read. */
  async #retire(segment: Segment): Promise<void> {
    if (segment.rows === null) return;
    this.#store.retire(segment);
    await this.#commit().catch(() => {});
  }

  #logsOf(segment: Segment): Set<number> {
    return new Set(segment.rows?.byLog.keys() ?? segment.sealed?.logNumbers ?? []);
  }

  /** Makes anew what is held of logs, from all segments. */
  async recount(logs: readonly HeldLog[]): Promise<void> {
    for (;;) {
      const { generation } = this.#store;
      const held = new Map<number, HeldNumbers>(logs.map(({ number }) => [number, new HeldNumbers()]));
      for (const segment of this.#store.all()) if (segment.rows === null) await this.#collect(segment, held);
      if (generation !== this.#store.generation) continue;
      for (const { rows } of this.#store.all()) {
        for (const [log, numbers] of held) {
          const of = rows?.byLog.get(log);
          if (of !== undefined) numbers.merge(of.numbers);
        }
      }
      for (const log of logs) this.#store.context.index.replace(log, held.get(log.number)!);
      return;
    }
  }

  async #collect(segment: Segment, held: Map<number, HeldNumbers>): Promise<void> {
    const { index } = this.#store.context;
    if (![...segment.sealed!.logNumbers].some((log) => held.has(log))) return;
    const content = await this.#store.readIndex(segment);
    for (const { key, numbers } of content?.summary.logs ?? []) {
      held.get(index.logOfKey(key).number)?.merge(numbers);
    }
  }
}

function ioFailure(found: SegmentUnsound): SedgeError {
  return new SedgeError('journal.io-failed', { file: found.segment.path }, { cause: found });
}
