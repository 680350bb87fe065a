import { cborUint, encodeCbor } from '../bytes/index.ts';
import { accept, type ErrorCode, type Result, refuse, SedgeError } from '../errors/index.ts';
import { type NodeId, nodeIdOf } from '../identity/index.ts';
import { checkTopic } from '../topic/index.ts';
import type { Grant } from './grant.ts';
import { type Issuer, requireAdmin } from './make-grants.ts';
import { isNumber } from './payload-fields.ts';
import type { RealmAnchor } from './realm-anchor.ts';
import { isName } from './realm-name.ts';
import { readSignedByAdmin, type SignedShape, signForRealm } from './signed-by-admin.ts';

/** A channel that the realm declares. */
export interface ChannelDeclaration {
  /** 1 to 64 of a-z, 0-9 and `-`; not `main`. */
  readonly name: string;
  /** A topic prefix, such as `alarm/#`. */
  readonly filter: string;
}

/** What the realm declares for all its nodes. */
export interface RealmRecordFields {
  /** 1 or higher; a higher one replaces a lower. */
  readonly version: number;
  /** Name of the realm. */
  readonly name: string;
  readonly channels: readonly ChannelDeclaration[];
  /** Gossip topics that the channels are spread over, 1 to 16. */
  readonly shards: number;
}

/** A checked realm record. */
export interface RealmRecord extends RealmRecordFields {
  /** First 16 bytes of SHA-256 over the whole object, as 32 hexadecimal digits. */
  readonly id: string;
  readonly issuedAtMs: number;
  readonly issuer: NodeId;
  readonly issuerGrants: readonly Grant[];
  readonly bytes: Uint8Array;
}

/** Most channels that a realm declares, unless a node's own limit is another. */
export const CHANNELS_MAX_DEFAULT = 256;
/** Most that a limit can be set to. */
export const CHANNELS_MAX_LIMIT = 4_096;
/** Most shards. */
export const SHARDS_MAX = 16;
/** Largest record. */
export const RECORD_BYTES_MAX = 262_144;

const CHANNEL_NAME = /^[a-z0-9-]{1,64}$/;
const SHAPE: SignedShape = {
  kind: 'record',
  items: 7,
  bytesMax: RECORD_BYTES_MAX,
  malformed: 'realm.bad-record',
};

/**
 * Makes the next record of a realm. Throws `realm.not-admin`, `realm.bad-record`, `realm.bad-name` and
 * `realm.too-many-channels`.
 */
export function makeRecord(
  options: Issuer &
    RealmRecordFields & {
      /** @defaultValue this machine's clock */
      readonly issuedAtMs?: number;
      /** @defaultValue 256 */
      readonly channelsMax?: number;
    },
): Uint8Array {
  const issuerChain = requireAdmin(options);
  const { anchor, issuer, version, name, channels, shards } = options;
  const broken = checkFields(options, options.channelsMax ?? CHANNELS_MAX_DEFAULT);
  if (broken !== null) throw new SedgeError(broken, { channels: channels.length });
  const payload = encodeCbor([
    1,
    cborUint(version),
    name,
    channels.map((channel) => [channel.name, channel.filter]),
    shards,
    cborUint(options.issuedAtMs ?? Date.now()),
    issuerChain,
  ]);
  return signForRealm(anchor, issuer, { kind: 'record', payload });
}

/**
 * Reads a record and checks that the root or an admin signed it. Refuses `realm.bad-record`,
 * `realm.too-many-channels`, `realm.not-admin`, `realm.grant-broken-chain` and the codes of `cose`.
 */
export function readRecord(
  anchor: RealmAnchor,
  bytes: Uint8Array,
  channelsMax: number = CHANNELS_MAX_DEFAULT,
): Result<RealmRecord> {
  const signed = readSignedByAdmin(anchor, bytes, SHAPE);
  if (!signed.ok) return signed;
  const [, version, name, items, shards, issuedAtMs] = signed.value.items;
  const channels = readChannels(items);
  if (channels === null || !isNumber(issuedAtMs)) return refuse(SHAPE.malformed);
  const fields = { version, name, channels, shards } as RealmRecordFields;
  const broken = checkFields(fields, channelsMax);
  if (broken !== null) return refuse(broken === 'realm.bad-name' ? SHAPE.malformed : broken);
  const { id, issuer, issuerGrants } = signed.value;
  return accept({ ...fields, id, issuedAtMs, issuer: nodeIdOf(issuer), issuerGrants, bytes });
}

function readChannels(items: unknown): readonly ChannelDeclaration[] | null {
  if (!Array.isArray(items) || items.length > CHANNELS_MAX_LIMIT) return null;
  const channels: ChannelDeclaration[] = [];
  for (const item of items) {
    if (!Array.isArray(item) || item.length !== 2) return null;
    const [name, filter] = item as unknown[];
    if (typeof name !== 'string' || typeof filter !== 'string') return null;
    channels.push({ name, filter });
  }
  return channels;
}

function checkFields(fields: RealmRecordFields, channelsMax: number): ErrorCode | null {
  const { version, name, channels, shards } = fields;
  if (!isNumber(version) || version < 1) return 'realm.bad-record';
  if (!isName(name)) return 'realm.bad-name';
  if (!Number.isInteger(shards) || shards < 1 || shards > SHARDS_MAX) return 'realm.bad-record';
  if (channels.length > channelsMax) return 'realm.too-many-channels';
  const names = new Set(channels.map((channel) => channel.name));
  const filters = new Set(channels.map((channel) => channel.filter));
  if (names.size < channels.length || filters.size < channels.length) return 'realm.bad-record';
  return channels.every(isDeclaration) ? null : 'realm.bad-record';
}

function isDeclaration({ name, filter }: ChannelDeclaration): boolean {
  if (!CHANNEL_NAME.test(name) || name === 'main' || !filter.endsWith('/#')) return false;
  return checkTopic(filter.slice(0, -2)).ok && checkTopic(`${filter.slice(0, -2)}/x`).ok;
}
