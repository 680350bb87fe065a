import { decodeCbor, encodeCbor } from '../bytes/index.ts';
import { GRANT_BYTES_MAX } from './grant.ts';
import { CHAIN_GRANTS_MAX } from './grant-chain.ts';
import { isArrayOf, isBytesUpTo } from './payload-fields.ts';

/** Payload of a `$realm/grant` message: a CBOR array of the grants, from the root's on. */
export function encodeChainPayload(chain: readonly Uint8Array[]): Uint8Array {
  return encodeCbor(chain);
}

/** The grants of a `$realm/grant` payload, unchecked; `null` if it is none. */
export function decodeChainPayload(payload: Uint8Array): readonly Uint8Array[] | null {
  const decoded = decodeCbor(payload);
  if (!decoded.ok) return null;
  return isArrayOf(decoded.value, CHAIN_GRANTS_MAX, isBytesUpTo(GRANT_BYTES_MAX)) ? decoded.value : null;
}
