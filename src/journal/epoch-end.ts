import { type Entry, type EntryId, lastSeqOf } from '../entry/index.ts';
import type { HeldLog } from './range-index.ts';
import type { ReadOptions, StoredRecord } from './stored-record.ts';

/** What looking for the last entry below an end needs. */
export interface EpochEndContext {
  readonly readLog: (
    log: HeldLog['log'],
    fromSeq: number,
    options: ReadOptions & { readonly throughSeq: number },
  ) => Promise<StoredRecord[]>;
  readonly entryOf: (record: StoredRecord) => Entry;
}

/** Where a log stops that is cut at its end: the last number that stays, and the entry that holds it. */
export interface LastKept {
  readonly last: number;
  /** `null` where the number is not held, so that nothing ends there. */
  readonly lastId: EntryId | null;
}

/** Looks for it. Whole entries stay or go: one that reaches the end takes the numbers below it along. */
export async function findLastKept(held: HeldLog, end: number, context: EpochEndContext): Promise<LastKept> {
  let last = end - 1;
  while (last > 0 && held.numbers.coverage(last, last) !== 'none') {
    const one = { throughSeq: last, recordsMax: 1 };
    const [kept] = await context.readLog(held.log, last, one);
    if (kept !== undefined) return { last: lastSeqOf(kept), lastId: context.entryOf(kept).id };
    const [reaching] = await context.readLog(held.log, last, { ...one, ended: true });
    last = (reaching?.seq ?? last) - 1;
  }
  return { last, lastId: null };
}
