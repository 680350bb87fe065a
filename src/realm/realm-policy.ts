import { cborUint, encodeCbor } from '../bytes/index.ts';
import { accept, type Result, refuse, SedgeError } from '../errors/index.ts';
import { type NodeId, nodeIdOf } from '../identity/index.ts';
import {
  type ChannelPolicy,
  decodeChannelPolicy,
  encodeChannelPolicy,
  hasPolicy,
  isChannelPolicy,
} from './channel-policy.ts';
import type { Grant } from './grant.ts';
import { type Issuer, requireAdmin } from './make-grants.ts';
import { isNumber } from './payload-fields.ts';
import type { RealmAnchor } from './realm-anchor.ts';
import { CHANNELS_MAX_LIMIT } from './realm-record.ts';
import { readSignedByAdmin, type SignedShape, signForRealm } from './signed-by-admin.ts';

/** What the realm says about keeping its channels. */
export interface RealmPolicyFields {
  /** 1 or higher; a higher one replaces a lower. */
  readonly version: number;
  /** By name, also of channels that are not declared (yet). */
  readonly channels: ReadonlyMap<string, ChannelPolicy>;
}

/** A checked policy. */
export interface RealmPolicy extends RealmPolicyFields {
  /** First 16 bytes of SHA-256 over the whole object, as 32 hexadecimal digits. */
  readonly id: string;
  readonly issuedAtMs: number;
  readonly issuer: NodeId;
  readonly issuerGrants: readonly Grant[];
  readonly bytes: Uint8Array;
}

/** Largest policy. */
export const POLICY_BYTES_MAX = 262_144;

const SHAPE: SignedShape = {
  kind: 'policy',
  items: 6,
  bytesMax: POLICY_BYTES_MAX,
  malformed: 'realm.bad-policy',
};

/** Makes the next policy of a realm. Throws `realm.not-admin` and `realm.bad-policy`. */
export function makePolicy(
  options: Issuer & RealmPolicyFields & { readonly issuedAtMs: number },
): Uint8Array {
  const issuerChain = requireAdmin(options);
  const { anchor, issuer, version, channels, issuedAtMs } = options;
  if (!areFields(options)) throw new SedgeError('realm.bad-policy', { channels: channels.size });
  const payload = encodeCbor([
    1,
    cborUint(version),
    [...channels].map(([name, policy]) => [name, withLongNumbers(encodeChannelPolicy(policy))]),
    new Map(),
    cborUint(issuedAtMs),
    issuerChain,
  ]);
  return signForRealm(anchor, issuer, { kind: 'policy', payload });
}

/**
 * Reads a policy and checks that the root or an admin signed it. Refuses `realm.bad-policy`, `realm.not-admin`,
 * `realm.grant-broken-chain` and the codes of `cose`.
 */
export function readPolicy(anchor: RealmAnchor, bytes: Uint8Array): Result<RealmPolicy> {
  const signed = readSignedByAdmin(anchor, bytes, SHAPE);
  if (!signed.ok) return signed;
  const [, version, items, settings, issuedAtMs] = signed.value.items;
  const channels = readChannels(items);
  if (channels === null || !isNumber(version) || !isNumber(issuedAtMs) || !(settings instanceof Map))
    return refuse(SHAPE.malformed);
  const fields = { version, channels };
  if (!areFields(fields)) return refuse(SHAPE.malformed);
  const { id, issuer, issuerGrants } = signed.value;
  return accept({ ...fields, id, issuedAtMs, issuer: nodeIdOf(issuer), issuerGrants, bytes });
}

function readChannels(items: unknown): Map<string, ChannelPolicy> | null {
  if (!Array.isArray(items) || items.length > CHANNELS_MAX_LIMIT) return null;
  const channels = new Map<string, ChannelPolicy>();
  for (const item of items as unknown[]) {
    if (!Array.isArray(item) || item.length !== 2) return null;
    const [name, value] = item as unknown[];
    const policy = decodeChannelPolicy(value);
    if (typeof name !== 'string' || policy === null || channels.has(name)) return null;
    channels.set(name, policy);
  }
  return channels;
}

function areFields({ version, channels }: RealmPolicyFields): boolean {
  if (!isNumber(version) || version < 1 || channels.size > CHANNELS_MAX_LIMIT) return false;
  return [...channels].every(([name, policy]) => hasPolicy(name) && isChannelPolicy(policy));
}

function withLongNumbers(items: ReadonlyMap<number, unknown>): Map<number, unknown> {
  return new Map([...items].map(([key, value]) => [key, cborUint(value as number)]));
}
