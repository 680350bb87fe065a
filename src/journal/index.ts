export { ChannelJournal } from './channel-journal.ts';
export type { Disk, DiskFile } from './disk.ts';
export type { EntrySource, Head, LocalFacts, Offset, SeqRange, StoredEntry } from './journal-face.ts';
export { JOURNAL_DEFAULTS, type JournalDependencies, type JournalOptions } from './journal-options.ts';
export { formatOffset } from './journal-state.ts';
export { NodeDisk } from './node-disk.ts';
export type { RecoveryReport } from './recovery.ts';
export type { ReadOptions, StoredRecord } from './stored-record.ts';
