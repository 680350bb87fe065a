export {
  type Entry,
  type EntryHeader,
  type EntryId,
  type EpochId,
  type LogId,
  lastSeqOf,
  logIdOf,
  type Message,
  type PublishId,
  splitLogId,
} from './entry.ts';
export {
  decodeEntry,
  ENTRY_VERSION,
  type EntryDraft,
  entryIdOf,
  sealEntry,
  verifyEntry,
} from './entry-codec.ts';
export { ttlSecondsOf } from './entry-ttl.ts';
export {
  ENTRY_BATCH_BYTES_MAX,
  ENTRY_BYTES_MAX,
  ENTRY_MESSAGES_MAX,
  NUMBER_MAX,
  PAYLOAD_BYTES_MAX,
} from './limits.ts';
export { isMessageClient, type MessageClient } from './message-client.ts';
export { isPublishId, messageBytesBound } from './message-codec.ts';
export { isOrigin, type Origin } from './origin.ts';
export { shareEntries } from './shared-entries.ts';
export { verifyOrigin } from './verify-origin.ts';
