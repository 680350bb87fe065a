import { cborUint, decodeCbor, encodeCbor, fromHex, toHex } from '../bytes/index.ts';
import { parseCose1, type SigningKey, signCose1, verifyCose1 } from '../cose/index.ts';
import { NUMBER_MAX } from '../entry/index.ts';
import { type NodeId, nodeIdOf } from '../identity/index.ts';

/** What stands before the trailer of a bundle. */
export interface BundleTotals {
  readonly bytes: number;
  readonly records: number;
  readonly entries: number;
  readonly messages: number;
  /** SHA-256 of all bytes before the trailer, hexadecimal. */
  readonly digest: string;
}

/** Signs the totals as a COSE_Sign1, external_aad CBOR `["sedge-bundle/1", realm id]`. */
export function sealTotals(totals: BundleTotals, key: SigningKey, realm: string): Uint8Array {
  const { bytes, records, entries, messages, digest } = totals;
  const counts = [bytes, records, entries, messages].map(cborUint);
  return signCose1(encodeCbor([...counts, fromHex(digest)]), key, aadOf(realm));
}

/** Who signed which totals; `null` where nobody did, or it is of another realm. */
export function openSeal(
  signed: Uint8Array,
  realm: string,
): { readonly signer: NodeId; readonly totals: BundleTotals } | null {
  const cose = parseCose1(signed);
  if (!cose.ok || !verifyCose1(cose.value, aadOf(realm)).ok) return null;
  const decoded = decodeCbor(cose.value.payload);
  if (!decoded.ok || !Array.isArray(decoded.value)) return null;
  const [bytes, records, entries, messages, digest] = decoded.value as unknown[];
  if (!isNumber(bytes) || !isNumber(records) || !isNumber(entries) || !isNumber(messages)) return null;
  if (!(digest instanceof Uint8Array) || digest.length !== 32) return null;
  const totals = { bytes, records, entries, messages, digest: toHex(digest) };
  return { signer: nodeIdOf(cose.value.author), totals };
}

function aadOf(realm: string): Uint8Array {
  return encodeCbor(['sedge-bundle/1', fromHex(realm)]);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < NUMBER_MAX;
}
