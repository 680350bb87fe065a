import { cborUint, encodeCbor, fromHex, toHex } from '../bytes/index.ts';
import { accept, assert, type Result, refuse } from '../errors/index.ts';
import { type NodeId, nodeIdOf, publicKeyOf } from '../identity/index.ts';
import type { Grant } from './grant.ts';
import { type Issuer, requireAdmin } from './make-grants.ts';
import { isArrayOf, isBytes, isNumber } from './payload-fields.ts';
import type { RealmAnchor } from './realm-anchor.ts';
import { readSignedByAdmin, type SignedShape, signForRealm } from './signed-by-admin.ts';

/** Up to where a log of a revoked node counts. */
export interface LogEnd {
  readonly channel: string;
  /** 16 hexadecimal digits. */
  readonly epoch: string;
  /** Last number that counts. */
  readonly last: number;
}

/** A checked revocation. */
export interface Revocation {
  /** First 16 bytes of SHA-256 over the whole object, as 32 hexadecimal digits. */
  readonly id: string;
  /** Node (or invitation key) that is revoked. */
  readonly subject: NodeId;
  /** Logs of the subject and how much of each counts. Of logs not named nothing counts. */
  readonly logs: readonly LogEnd[];
  /**
   * Ids of grants and revocations that stay although the subject signed them. Whatever else it granted falls with
   * it. Ids, not nodes: the holder of a revoked key could grant a kept node anything.
   */
  readonly keeps: readonly string[];
  /** Issuer's clock, milliseconds since 1970. */
  readonly issuedAtMs: number;
  readonly issuer: NodeId;
  readonly issuerGrants: readonly Grant[];
  readonly bytes: Uint8Array;
}

/** Largest revocation, most logs and most kept objects that one names. */
export const REVOCATION_BYTES_MAX = 262_144;
export const REVOCATION_LOGS_MAX = 4_096;
export const REVOCATION_KEEPS_MAX = 4_096;

const CHANNEL_BYTES_MAX = 64;
const EPOCH_BYTES = 8;
const ID_BYTES = 16;
const SHAPE: SignedShape = {
  kind: 'revocation',
  items: 6,
  bytesMax: REVOCATION_BYTES_MAX,
  malformed: 'realm.grant-malformed',
};

/**
 * Revokes a node. Name all its logs that are held, those of `$realm` too, and in `keeps` what it signed and what
 * is to stay (`Realm.grantedThrough`). Throws `realm.not-admin`.
 */
export function makeRevocation(
  options: Issuer & {
    readonly subject: NodeId;
    /** At most 4,096. */
    readonly logs: readonly LogEnd[];
    /** Ids of grants and revocations, at most 4,096. */
    readonly keeps: readonly string[];
    /** @defaultValue this machine's clock */
    readonly issuedAtMs?: number;
  },
): Uint8Array {
  const issuerChain = requireAdmin(options);
  const { anchor, issuer, logs, keeps } = options;
  assert(logs.length <= REVOCATION_LOGS_MAX, 'a revocation names at most 4,096 logs');
  assert(keeps.length <= REVOCATION_KEEPS_MAX, 'a revocation keeps at most 4,096 objects');
  const payload = encodeCbor([
    1,
    keyOf(options.subject),
    cborUint(options.issuedAtMs ?? Date.now()),
    logs.map(({ channel, epoch, last }) => [channel, fromHex(epoch), cborUint(last)]),
    keeps.map(fromHex),
    issuerChain,
  ]);
  return signForRealm(anchor, issuer, { kind: 'revocation', payload });
}

/**
 * Reads a revocation and checks that the root or an admin signed it. Refuses `realm.grant-malformed`,
 * `realm.not-admin`, `realm.grant-broken-chain` and the codes of `cose`.
 */
export function readRevocation(anchor: RealmAnchor, bytes: Uint8Array): Result<Revocation> {
  const signed = readSignedByAdmin(anchor, bytes, SHAPE);
  if (!signed.ok) return signed;
  const { id, issuer, issuerGrants, items } = signed.value;
  const [, subject, issuedAtMs, logs, keeps] = items;
  if (!isBytes(subject, 32) || !isNumber(issuedAtMs)) return refuse(SHAPE.malformed);
  if (!isArrayOf(keeps, REVOCATION_KEEPS_MAX, isId)) return refuse(SHAPE.malformed);
  if (!isArrayOf(logs, REVOCATION_LOGS_MAX, isLogItem)) return refuse(SHAPE.malformed);
  return accept({
    id,
    subject: nodeIdOf(subject),
    logs: logs.map(([channel, epoch, last]) => ({ channel, epoch: toHex(epoch), last })),
    keeps: keeps.map(toHex),
    issuedAtMs,
    issuer: nodeIdOf(issuer),
    issuerGrants,
    bytes,
  });
}

type LogItem = readonly [channel: string, epoch: Uint8Array, last: number];

function isLogItem(item: unknown): item is LogItem {
  if (!Array.isArray(item) || item.length !== 3) return false;
  const [channel, epoch, last] = item as unknown[];
  if (typeof channel !== 'string' || channel.length > CHANNEL_BYTES_MAX) return false;
  return isBytes(epoch, EPOCH_BYTES) && isNumber(last);
}

function isId(item: unknown): item is Uint8Array {
  return isBytes(item, ID_BYTES);
}

function keyOf(node: NodeId): Uint8Array {
  const key = publicKeyOf(node);
  assert(key !== null, 'a node id holds its key');
  return key;
}
