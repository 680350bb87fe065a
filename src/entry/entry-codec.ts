import { cborUint, decodeCbor, encodeCbor, fromHex, sha256Hex16, toHex } from '../bytes/index.ts';
import { parseCose1, type SigningKey, signCose1, verifyCose1 } from '../cose/index.ts';
import { accept, assert, type Result, refuse } from '../errors/index.ts';
import { nodeIdOf } from '../identity/index.ts';
import type { Entry, EntryHeader, EntryId, EpochId, Message } from './entry.ts';
import { ENTRY_BYTES_MAX, ENTRY_MESSAGES_MAX, isNumber, NUMBER_MAX } from './limits.ts';
import { messageItems, readMessages } from './message-codec.ts';
import { areEntriesShared, sharedEntry, shareEntry } from './shared-entries.ts';

/** Version of the body that this code writes. */
export const ENTRY_VERSION = 1;

/** Names that a realm can declare, and sedge's own. */
const CHANNEL_NAME = /^\$?[a-z0-9-]{1,64}$/;
const TTL_SECONDS_MAX = 2 ** 32;
const MALFORMED = refuse('entry.malformed');

/** What an author puts into an entry. */
export interface EntryDraft {
  readonly channel: string;
  readonly epoch: EpochId;
  readonly seq: number;
  readonly skip: number;
  readonly prev: EntryId | null;
  readonly lamport: number;
  readonly timeMs: number;
  readonly ttlSeconds: number;
  /** 1 to 256 messages. */
  readonly messages: readonly Message[];
}

/** Id of an entry: first 16 bytes of SHA-256 over all its bytes. */
export function entryIdOf(bytes: Uint8Array): EntryId {
  return sha256Hex16(bytes) as EntryId;
}

/**
 * Encodes and signs an entry (README of this folder: format). `externalAad` binds it to its realm. The bytes
 * are made once; everything else (gossip, journal, sync) hands them on.
 */
export function sealEntry(draft: EntryDraft, key: SigningKey, externalAad: Uint8Array): Entry {
  const count = draft.messages.length;
  assert(count >= 1 && count <= ENTRY_MESSAGES_MAX, 'an entry holds 1 to 256 messages');
  assert(draft.seq >= 1 && draft.skip < draft.seq, 'sequences start at 1 and skips stay above 0');
  assert(draft.seq + count <= NUMBER_MAX, 'numbers stay below 2^48');
  assert((draft.prev === null) === isFirst(draft.seq, draft.skip), 'all entries but the first name another');
  const bytes = signCose1(encodeBody(draft), key, externalAad);
  assert(bytes.length <= ENTRY_BYTES_MAX, 'an entry stays under its size limit');
  const { messages, ...header } = draft;
  return {
    ...header,
    version: ENTRY_VERSION,
    author: nodeIdOf(key.publicKey),
    count,
    bytes,
    id: entryIdOf(bytes),
    messages,
  };
}

/**
 * Decodes an entry and checks all that can be checked without a key: frame, limits, shapes. Refuses with
 * `entry.malformed` or `entry.too-large`. Signature and grant are the ingest's business. An entry of a higher
 * version with readable first fields comes with `messages: null`.
 */
export function decodeEntry(bytes: Uint8Array): Result<Entry> {
  if (bytes.length > ENTRY_BYTES_MAX) return refuse('entry.too-large');
  const known = areEntriesShared() ? sharedEntry(entryIdOf(bytes)) : undefined;
  return known === undefined ? decodeNew(bytes) : accept(known);
}

function decodeNew(bytes: Uint8Array): Result<Entry> {
  const cose = parseCose1(bytes);
  if (!cose.ok) return MALFORMED;
  const decoded = decodeCbor(cose.value.payload);
  if (!decoded.ok || !Array.isArray(decoded.value)) return MALFORMED;
  const body: readonly unknown[] = decoded.value;
  const header = readHeader(body, nodeIdOf(cose.value.author));
  if (header === null) return MALFORMED;
  const id = entryIdOf(bytes);
  if (header.version !== ENTRY_VERSION) return accept(shareEntry({ ...header, bytes, id, messages: null }));
  const messages = readMessages(body[10], header.count, header.timeMs, header.channel.startsWith('$'));
  return messages.ok ? accept(shareEntry({ ...header, bytes, id, messages: messages.value })) : messages;
}

/** Checks the signature of an entry for a realm; `entry.bad-signature` if it is not its author's. */
export function verifyEntry(bytes: Uint8Array, externalAad: Uint8Array): Result<true> {
  const cose = parseCose1(bytes);
  if (!cose.ok) return MALFORMED;
  return verifyCose1(cose.value, externalAad).ok ? accept(true) : refuse('entry.bad-signature');
}

function encodeBody(draft: EntryDraft): Uint8Array {
  const firstIndexByTopic = new Map<string, number>();
  const content = draft.messages.map((message, index) => {
    const first = firstIndexByTopic.get(message.topic);
    if (first === undefined) firstIndexByTopic.set(message.topic, index);
    return messageItems(message, draft.timeMs, first ?? message.topic);
  });
  return encodeCbor([
    ENTRY_VERSION,
    draft.channel,
    fromHex(draft.epoch),
    cborUint(draft.seq),
    draft.messages.length,
    cborUint(draft.skip),
    draft.prev === null ? null : fromHex(draft.prev),
    cborUint(draft.lamport),
    cborUint(draft.timeMs),
    cborUint(draft.ttlSeconds),
    content,
  ]);
}

function readHeader(body: readonly unknown[], author: Entry['author']): EntryHeader | null {
  if (body.length < 11) return null;
  const [version, channel, epoch, seq, count, skip, prev, lamport, timeMs, ttlSeconds] = body;
  if (!isNumber(version) || version < ENTRY_VERSION) return null;
  if (typeof channel !== 'string' || !CHANNEL_NAME.test(channel)) return null;
  if (!isBytes(epoch, 8) || !(prev === null || isBytes(prev, 16))) return null;
  if (!isNumber(seq) || !isNumber(count) || !isNumber(skip)) return null;
  if (seq < 1 || count < 1 || count > ENTRY_MESSAGES_MAX || seq + count > NUMBER_MAX || skip >= seq)
    return null;
  if ((prev === null) !== isFirst(seq, skip)) return null;
  if (!isNumber(lamport) || !isNumber(timeMs) || !isNumber(ttlSeconds) || ttlSeconds >= TTL_SECONDS_MAX)
    return null;
  return {
    version,
    author,
    channel,
    epoch: toHex(epoch) as EpochId,
    seq,
    count,
    skip,
    prev: prev === null ? null : (toHex(prev) as EntryId),
    lamport,
    timeMs,
    ttlSeconds,
  };
}

/** Whether an author has no entry before this one: only then nothing is named as the previous one. */
function isFirst(seq: number, skip: number): boolean {
  return seq - skip === 1;
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}
