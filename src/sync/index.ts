export { CursorBook, type CursorBookDependencies } from './cursor-book.ts';
export { type EntryLifetimes, lifetimesByClock } from './entry-server.ts';
export { ForkSearch, type ForkSearchDependencies } from './fork-search.ts';
export { fetchReturned } from './returned-entries.ts';
export { addRange, coversRange, intersectRanges, rangesBelow, subtractRanges } from './seq-ranges.ts';
export { SignatureAudit } from './signature-audit.ts';
export type { ControlFrame, HeadsFrame, HelloChannel } from './sync-frames.ts';
export {
  type FrameReader,
  type PeerSync,
  SYNC_DATA_PROTOCOL,
  SYNC_DEFAULTS,
  SYNC_PROTOCOL,
  type SyncDependencies,
  type SyncOptions,
  type SyncPriority,
  SyncService,
} from './sync-service.ts';
export type { PeerChannelSync } from './sync-session.ts';
export { readRanges } from './wire-fields.ts';
