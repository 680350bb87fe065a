export { AgeClock } from './age-clock.ts';
export { ChannelJournal } from './channel-journal.ts';
export { CursorFile } from './cursor-file.ts';
export type { Disk, DiskFile } from './disk.ts';
export { boundBetween, type HeadOrder } from './head-order.ts';
export type { EntrySource, Head, LocalFacts, Offset, SeqRange, StoredEntry } from './journal-face.ts';
export { JOURNAL_DEFAULTS, type JournalDependencies, type JournalOptions } from './journal-options.ts';
export type { DroppedCount, RetentionContext, RetentionOutcome } from './journal-retention.ts';
export { formatOffset } from './journal-state.ts';
export { type CrashOptions, type DiskOperation, diskError, MemoryDisk } from './memory-disk.ts';
export type { KeepUnsynced } from './memory-file.ts';
export { NodeDisk } from './node-disk.ts';
export {
  OwnLog,
  type OwnLogDependencies,
  type OwnLogOptions,
  type OwnLogPlace,
  RESERVE_BLOCK,
  type TakenNumbers,
} from './own-log.ts';
export { logKeyOf } from './range-index.ts';
export type { RecoveryReport } from './recovery.ts';
export { DROP_REASONS, type DropReason, type RetentionLimits } from './retention-plan.ts';
export type { ReadOptions, StoredRecord } from './stored-record.ts';
export { type VerifiedItem, verifyJournalDirectory } from './verify-directory.ts';
