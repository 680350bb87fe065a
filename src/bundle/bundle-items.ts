import { cborUint, decodeCbor, encodeCbor, fromHex, toHex } from '../bytes/index.ts';
import { type EntryId, type EpochId, type LogId, NUMBER_MAX, splitLogId } from '../entry/index.ts';
import { type NodeId, nodeIdOf, publicKeyOf } from '../identity/index.ts';
import type { Offset, SeqRange } from '../journal/index.ts';
import { CHAIN_GRANTS_MAX, isName } from '../realm/index.ts';
import { encodeRecord } from './bundle-record.ts';

/** Version of the format that this code writes, and the newest it reads. */
export const BUNDLE_VERSION = 1;
/** Channels of one bundle at most. */
export const BUNDLE_CHANNELS_MAX = 256;
/** Heads in one record at most. */
export const HEADS_PER_RECORD_MAX = 128;
/** Holes of one head at most: a head with more is told up to the first of those. */
export const HOLES_PER_HEAD_MAX = 256;

/** First record: whose bundle it is, and which part of each channel is in it. */
export interface BundleHeader {
  readonly kind: 'header';
  readonly version: number;
  /** 32 hexadecimal digits. */
  readonly realm: string;
  readonly realmName: string;
  /** Id of the exporting node's store, 16 hexadecimal digits. */
  readonly storeId: string;
  readonly node: NodeId;
  readonly nodeName: string;
  /** The exporter's clock, milliseconds since 1970. For people. */
  readonly exportedAtMs: number;
  /** Messages that the exporter was about to write; for progress alone. */
  readonly messages: number;
  readonly channels: readonly BundleChannel[];
}

/** Which part of a channel's journal a bundle holds, by the exporter's offsets. */
export interface BundleChannel {
  readonly channel: string;
  /** What was held at this offset already is left out; `null` where all is in it. */
  readonly since: Offset | null;
  /** What came after this offset is not in it; `null` where the journal was empty. */
  readonly through: Offset | null;
}

/** Grants from the root's on, which prove an author whose `$realm` log may not be in the bundle. */
export interface BundleGrants {
  readonly kind: 'grants';
  readonly chain: readonly Uint8Array[];
}

/** What the exporter held of a channel; several records where the logs are many. Entries of the channel follow. */
export interface BundleHeads {
  readonly kind: 'heads';
  readonly channel: string;
  readonly heads: readonly BundleHead[];
}

/** A head as a claim, which only entries can prove. */
export interface BundleHead {
  readonly log: LogId;
  readonly last: number;
  readonly lastId: EntryId;
  readonly holes: readonly SeqRange[];
}

/** An entry as it came, with its age at the export. */
export interface BundleEntry {
  readonly kind: 'entry';
  readonly ageMs: number;
  readonly bytes: Uint8Array;
}

/** Last record: what was written before it, signed by the exporter (a COSE_Sign1 of {@link BundleTotals}). */
export interface BundleTrailer {
  readonly kind: 'trailer';
  readonly signed: Uint8Array;
}

/** What a record says. */
export type BundleItem =
  | BundleHeader
  | BundleGrants
  | BundleHeads
  | BundleEntry
  | BundleTrailer
  /** Of a kind that this version does not know: passed over. */
  | { readonly kind: 'unknown' };

const KINDS = Object.freeze({ header: 0, grants: 1, heads: 2, entry: 3, trailer: 4 });
const GRANT_BYTES_MAX = 4_096;

/** Encodes an item as a record. */
export function encodeItem(item: Exclude<BundleItem, { readonly kind: 'unknown' }>): Uint8Array {
  return encodeRecord(KINDS[item.kind], item.kind === 'trailer' ? item.signed : encodeCbor(itemsOf(item)));
}

/** Reads the body of a record; `null` where it has not the shape of its kind. */
export function decodeItem(kind: number, body: Uint8Array): BundleItem | null {
  if (kind === KINDS.trailer) return { kind: 'trailer', signed: body };
  if (kind > KINDS.trailer) return { kind: 'unknown' };
  const decoded = decodeCbor(body);
  if (!decoded.ok || !Array.isArray(decoded.value)) return null;
  const items: readonly unknown[] = decoded.value;
  if (kind === KINDS.header) return readHeader(items);
  if (kind === KINDS.grants) return readGrants(items);
  if (kind === KINDS.heads) return readHeads(items);
  const [ageMs, bytes] = items;
  return isNumber(ageMs) && bytes instanceof Uint8Array ? { kind: 'entry', ageMs, bytes } : null;
}

function itemsOf(item: BundleHeader | BundleGrants | BundleHeads | BundleEntry): unknown[] {
  switch (item.kind) {
    case 'header':
      return [
        item.version,
        fromHex(item.realm),
        fromHex(item.storeId),
        publicKeyOf(item.node),
        cborUint(item.exportedAtMs),
        item.realmName,
        item.nodeName,
        cborUint(item.messages),
        item.channels.map(({ channel, since, through }) => [
          channel,
          ...offsetItems(since),
          ...offsetItems(through),
        ]),
      ];
    case 'grants':
      return [...item.chain];
    case 'heads':
      return [item.channel, item.heads.map(headItems)];
    case 'entry':
      return [cborUint(item.ageMs), item.bytes];
  }
}

function headItems({ log, last, lastId, holes }: BundleHead): unknown[] {
  const { author, epoch } = splitLogId(log);
  const numbers = holes.flatMap((hole) => [cborUint(hole.first), cborUint(hole.last)]);
  return [publicKeyOf(author), fromHex(epoch), cborUint(last), fromHex(lastId), numbers];
}

/** A newer version may have changed all but the version itself, which must then be told. */
function readHeader(items: readonly unknown[]): BundleHeader | null {
  const [version, realm, storeId, node, exportedAtMs, realmName, nodeName, messages, rows] = items;
  if (!isNumber(version) || version < 1) return null;
  const nobody = {
    kind: 'header',
    realm: '',
    storeId: '',
    node: '' as NodeId,
    exportedAtMs: 0,
    realmName: '',
    nodeName: '',
    messages: 0,
    channels: [],
  } as const;
  if (version > BUNDLE_VERSION) return { ...nobody, version };
  if (!isBytes(realm, 16) || !isBytes(storeId, 8) || !isBytes(node, 32)) return null;
  if (!isNumber(exportedAtMs) || !isNumber(messages) || !isText(realmName) || !isText(nodeName)) return null;
  if (!Array.isArray(rows) || rows.length > BUNDLE_CHANNELS_MAX) return null;
  const channels = rows.map(readChannel);
  if (channels.includes(null)) return null;
  return {
    kind: 'header',
    version,
    realm: toHex(realm),
    realmName,
    storeId: toHex(storeId),
    node: nodeIdOf(node),
    nodeName,
    exportedAtMs,
    messages,
    channels: channels as BundleChannel[],
  };
}

function readChannel(row: unknown): BundleChannel | null {
  if (!Array.isArray(row)) return null;
  const [channel, ...offsets] = row as unknown[];
  const since = readOffset(offsets[0], offsets[1]);
  const through = readOffset(offsets[2], offsets[3]);
  if (!isChannel(channel) || since === undefined || through === undefined) return null;
  return { channel, since, through };
}

function readGrants(items: readonly unknown[]): BundleGrants | null {
  if (items.length === 0 || items.length > CHAIN_GRANTS_MAX) return null;
  const whole = items.every((grant) => grant instanceof Uint8Array && grant.length <= GRANT_BYTES_MAX);
  return whole ? { kind: 'grants', chain: items as Uint8Array[] } : null;
}

function readHeads([channel, rows]: readonly unknown[]): BundleHeads | null {
  if (!isChannel(channel) || !Array.isArray(rows) || rows.length > HEADS_PER_RECORD_MAX) return null;
  const heads = rows.map(readHead);
  return heads.includes(null) ? null : { kind: 'heads', channel, heads: heads as BundleHead[] };
}

function readHead(row: unknown): BundleHead | null {
  if (!Array.isArray(row)) return null;
  const [author, epoch, last, lastId, numbers] = row as unknown[];
  if (!isBytes(author, 32) || !isBytes(epoch, 8) || !isNumber(last) || last < 1 || !isBytes(lastId, 16))
    return null;
  const holes = readHoles(numbers, last);
  if (holes === null) return null;
  const log = `${nodeIdOf(author)}/${toHex(epoch) as EpochId}` as LogId;
  return { log, last, lastId: toHex(lastId) as EntryId, holes };
}

/** Ascending and disjoint, all below the head. */
function readHoles(numbers: unknown, head: number): SeqRange[] | null {
  if (!Array.isArray(numbers) || numbers.length % 2 !== 0 || numbers.length > HOLES_PER_HEAD_MAX * 2)
    return null;
  const holes: SeqRange[] = [];
  let before = 0;
  for (let index = 0; index < numbers.length; index += 2) {
    const first: unknown = numbers[index];
    const last: unknown = numbers[index + 1];
    if (!isNumber(first) || !isNumber(last) || first <= before || last < first || last >= head) return null;
    holes.push({ first, last });
    before = last;
  }
  return holes;
}

function offsetItems(offset: Offset | null): unknown[] {
  return offset === null ? [null, 0] : [fromHex(offset.incarnation), cborUint(offset.position)];
}

function readOffset(incarnation: unknown, position: unknown): Offset | null | undefined {
  if (incarnation === null) return null;
  if (!isBytes(incarnation, 8) || !isNumber(position)) return undefined;
  return { incarnation: toHex(incarnation), position };
}

function isChannel(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 65;
}

/** Names are printed, and nobody signed this one: no control characters. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && isName(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < NUMBER_MAX;
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}
