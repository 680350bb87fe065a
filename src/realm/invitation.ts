import { randomBytes } from 'node:crypto';
import { concatBytes, encodeCbor, equalBytes, fromBase64Url, sha256, toBase64Url } from '../bytes/index.ts';
import { isAcceptableKey } from '../cose/index.ts';
import { accept, assert, type Result, refuse } from '../errors/index.ts';
import { Identity, SEED_BYTES } from '../identity/index.ts';
import { GRANT_BYTES_MAX, type Grant, type Role, signGrant } from './grant.ts';
import { CHAIN_GRANTS_MAX, checkGrantChain } from './grant-chain.ts';
import { extendChain, type Issuer } from './make-grants.ts';
import { isArrayOf, isBytes, isBytesUpTo, versionOneItems } from './payload-fields.ts';
import { anchorOf, NETWORK_SECRET_BYTES, type RealmAnchor } from './realm-anchor.ts';
import { isName, requireName } from './realm-name.ts';

/** Every token starts so. */
export const TOKEN_PREFIX = 'sedge1';
/** Longest token, characters. */
export const TOKEN_LENGTH_MAX = 16_384;
/** Most addresses in a token, and the longest one in bytes. */
export const TOKEN_ADDRESSES_MAX = 16;
const ADDRESS_BYTES_MAX = 256;
const CHECKSUM_BYTES = 4;
const ITEMS = 7;

/** What a token holds. */
export interface Invitation {
  readonly anchor: RealmAnchor;
  /** Multiaddrs of nodes to dial first. */
  readonly addresses: readonly string[];
  /** The one-time key. */
  readonly key: Identity;
  /** From the root to the invitation's own grant. */
  readonly chain: readonly Uint8Array[];
  /** The invitation's own grant. */
  readonly grant: Grant;
}

/**
 * Makes an invitation. The token is a secret: whoever holds it can join. `inviteId` is the id of its grant, as
 * `Realm.inviteUses` reports it. Throws `realm.not-admin` and `realm.bad-name`.
 */
export function makeInvite(
  options: Issuer & {
    /** Multiaddrs of nodes to dial first, at most 16. */
    readonly addresses: readonly string[];
    /** @defaultValue `'member'` */
    readonly role?: Role;
    /** Milliseconds since 1970; 0 for never. */
    readonly expiresAtMs: number;
    /** How many nodes may join; 0 for any number. */
    readonly uses: number;
    /** Label for people. @defaultValue none */
    readonly name?: string;
    /** @defaultValue this machine's clock */
    readonly issuedAtMs?: number;
    /** @defaultValue the system's */
    readonly randomBytes?: (n: number) => Uint8Array;
  },
): { readonly token: string; readonly inviteId: string } {
  if (options.name) requireName(options.name);
  assert(areAddresses(options.addresses), 'an invitation has at most 16 addresses of 256 bytes');
  const { anchor } = options;
  const key = Identity.generate(options.randomBytes ?? randomBytes);
  const chain = extendChain(options, {
    kind: 'invite',
    subject: key.publicKey,
    role: options.role ?? 'member',
    name: options.name ?? '',
    issuedAtMs: options.issuedAtMs ?? Date.now(),
    expiresAtMs: options.expiresAtMs,
    uses: options.uses,
  });
  const grant = checkGrantChain(anchor, chain);
  assert(grant.ok, 'an invitation that was just made is valid');
  const token = encodeToken([
    1,
    anchor.rootKey,
    anchor.name,
    anchor.networkSecret,
    options.addresses,
    key.seed,
    chain,
  ]);
  return { token, inviteId: grant.value.id };
}

/**
 * Uses an invitation: signs the new node's grant with the one-time key. Refuses `realm.token-malformed` and, by
 * the clock given, `realm.token-expired`. Throws `realm.bad-name`. Whether the invitation was used too often
 * only the members can see.
 */
export function acceptInvite(
  token: string,
  identity: Identity,
  nodeName: string,
  nowMs: number,
): Result<{ anchor: RealmAnchor; chain: readonly Uint8Array[]; addresses: readonly string[] }> {
  requireName(nodeName);
  const read = readToken(token);
  if (!read.ok) return read;
  const { anchor, addresses, chain, grant, key } = read.value;
  if (grant.expiresAtMs !== 0 && nowMs >= grant.expiresAtMs) return refuse('realm.token-expired');
  const own = signGrant(anchor, key, {
    kind: 'node',
    subject: identity.publicKey,
    role: grant.role,
    name: nodeName,
    issuedAtMs: Math.max(0, Math.floor(nowMs)),
    expiresAtMs: 0,
    uses: 0,
  });
  return accept({ anchor, chain: [...chain, own], addresses });
}

/** Reads a token; white space around it does not matter. Refuses `realm.token-malformed` for anything else. */
export function readToken(token: string): Result<Invitation> {
  const payload = decodeToken(token);
  const invitation = payload === null ? null : readInvitation(payload);
  return invitation === null ? refuse('realm.token-malformed') : accept(invitation);
}

function encodeToken(items: readonly unknown[]): string {
  const payload = encodeCbor(items);
  const token = TOKEN_PREFIX + toBase64Url(concatBytes([payload, checksum(payload)]));
  assert(token.length <= TOKEN_LENGTH_MAX, 'the limits of its parts keep a token short');
  return token;
}

function decodeToken(text: string): Uint8Array | null {
  const token = text.length > TOKEN_LENGTH_MAX + 1_024 ? '' : text.trim();
  if (!token.startsWith(TOKEN_PREFIX) || token.length > TOKEN_LENGTH_MAX) return null;
  const bytes = fromBase64Url(token.slice(TOKEN_PREFIX.length));
  if (bytes === null || bytes.length <= CHECKSUM_BYTES) return null;
  // base64url may leave bits of its last character unused: only the one spelling counts.
  if (toBase64Url(bytes) !== token.slice(TOKEN_PREFIX.length)) return null;
  const payload = bytes.subarray(0, -CHECKSUM_BYTES);
  return equalBytes(bytes.subarray(-CHECKSUM_BYTES), checksum(payload)) ? payload : null;
}

function checksum(payload: Uint8Array): Uint8Array {
  return sha256(payload).subarray(0, CHECKSUM_BYTES);
}

function readInvitation(payload: Uint8Array): Invitation | null {
  const items = versionOneItems(payload, ITEMS);
  if (items === null) return null;
  const [, rootKey, name, networkSecret, addresses, seed, chain] = items;
  if (!isBytes(rootKey, 32) || !isAcceptableKey(rootKey) || !isName(name)) return null;
  if (!isBytes(networkSecret, NETWORK_SECRET_BYTES) || !isBytes(seed, SEED_BYTES)) return null;
  if (!areAddresses(addresses) || !isArrayOf(chain, CHAIN_GRANTS_MAX, isBytesUpTo(GRANT_BYTES_MAX)))
    return null;
  const anchor = anchorOf(name, rootKey, networkSecret);
  const key = Identity.fromSeed(seed);
  const grant = checkGrantChain(anchor, chain);
  if (!grant.ok || grant.value.kind !== 'invite' || !equalBytes(grant.value.subject, key.publicKey))
    return null;
  return { anchor, addresses, key, chain, grant: grant.value };
}

function areAddresses(value: unknown): value is readonly string[] {
  return isArrayOf(
    value,
    TOKEN_ADDRESSES_MAX,
    (item): item is string => typeof item === 'string' && Buffer.byteLength(item) <= ADDRESS_BYTES_MAX,
  );
}
