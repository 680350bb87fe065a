import { decodeCbor, encodeCbor, fromHex, sha256Hex16, toHex } from '../bytes/index.ts';
import { PAYLOAD_BYTES_MAX } from '../entry/index.ts';
import { accept, type Result, refuse } from '../errors/index.ts';

/** Version of a message that holds a part of a proof. */
const PART_VERSION = 2;
/** Bytes of a proof in one part. */
const PART_BYTES = 524_288;
/** A proof of two of the largest entries takes no more. */
const PARTS_MAX = 6;
/** Proofs of which not all parts are here; of more, the oldest is given up. */
const UNFINISHED_MAX = 4;

/** Payloads of the messages that carry a proof: itself, or CBOR `[2, hash, index, count, bytes]` where it is too large. */
export function cutForkProof(proof: Uint8Array): Uint8Array[] {
  if (proof.length <= PAYLOAD_BYTES_MAX) return [proof];
  const hash = fromHex(sha256Hex16(proof));
  const count = Math.ceil(proof.length / PART_BYTES);
  return Array.from({ length: count }, (_, index) =>
    encodeCbor([
      PART_VERSION,
      hash,
      index,
      count,
      proof.subarray(index * PART_BYTES, (index + 1) * PART_BYTES),
    ]),
  );
}

interface Unfinished {
  readonly parts: (Uint8Array | undefined)[];
  missing: number;
}

/** Puts proofs together that came in parts, in any order. */
export class ForkParts {
  readonly #unfinished = new Map<string, Unfinished>();

  /**
   * The proof that a message carries; `null` while parts of it are missing. Refuses `fork.malformed`, and
   * `fork.too-many` where another one that was unfinished had to go.
   */
  take(payload: Uint8Array): Result<Uint8Array | null> {
    const item = decodeCbor(payload);
    if (!item.ok || !Array.isArray(item.value)) return refuse('fork.malformed');
    const [version, hash, index, count, bytes] = item.value as unknown[];
    if (version !== PART_VERSION) return accept(payload);
    if (!(hash instanceof Uint8Array) || hash.length !== 16) return refuse('fork.malformed');
    if (!(bytes instanceof Uint8Array) || bytes.length > PART_BYTES) return refuse('fork.malformed');
    if (!isIndex(count, PARTS_MAX + 1) || !isIndex(index, count)) return refuse('fork.malformed');
    return this.#add(toHex(hash), { index, count, bytes });
  }

  #add(
    hash: string,
    { index, count, bytes }: { readonly index: number; readonly count: number; readonly bytes: Uint8Array },
  ): Result<Uint8Array | null> {
    const known = this.#unfinished.get(hash);
    const proof = known ?? { parts: new Array<Uint8Array | undefined>(count), missing: count };
    if (proof.parts.length !== count) return refuse('fork.malformed');
    if (proof.parts[index] === undefined) proof.missing--;
    proof.parts[index] ??= new Uint8Array(bytes);
    this.#unfinished.set(hash, proof);
    if (proof.missing === 0) {
      this.#unfinished.delete(hash);
      const whole = new Uint8Array(Buffer.concat(proof.parts as Uint8Array[]));
      return sha256Hex16(whole) === hash ? accept(whole) : refuse('fork.malformed');
    }
    if (this.#unfinished.size <= UNFINISHED_MAX) return accept(null);
    this.#unfinished.delete(this.#unfinished.keys().next().value!);
    return refuse('fork.too-many');
  }
}

function isIndex(value: unknown, below: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < below;
}
