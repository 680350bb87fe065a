import { decodeCbor, encodeCbor } from '../bytes/index.ts';
import { decodeEntry, type Entry, logIdOf, verifyEntry } from '../entry/index.ts';
import { accept, type Result, refuse } from '../errors/index.ts';
import { type Contradiction, contradictionOf } from './contradiction.ts';

/** Topic of `$realm` on which proofs travel. */
export const FORK_TOPIC = '$realm/fork';

/**
 * How a log was forked: as two entries exclude each other, or `bad-signature`, where a signed entry vouches for one
 * whose own signature is bad.
 */
export type ForkKind = Contradiction | 'bad-signature';

/** Two entries that no honest author signs both, each checked by its own bytes. */
export interface ForkProof {
  readonly kind: ForkKind;
  /** The one with the lower number first. */
  readonly entries: readonly [Entry, Entry];
  /** The first number that no longer counts: the lowest that an entry of the pair holds. */
  readonly end: number;
}

const VERSION = 1;
const MALFORMED = refuse('fork.malformed');

/** Makes a proof of two entries; `null` if they prove nothing. Signatures were not looked at. */
export function proofOf(a: Entry, b: Entry): ForkProof | null {
  const kind = contradictionOf(a, b);
  return kind === null ? null : { kind, ...inOrder(a, b) };
}

/** Makes a proof of an entry with a bad signature and a signed one that names it. */
export function proofOfVouching(bad: Entry, naming: Entry): ForkProof | null {
  const names = naming.prev === bad.id && logIdOf(naming) === logIdOf(bad) && naming.channel === bad.channel;
  return names ? { kind: 'bad-signature', ...inOrder(bad, naming) } : null;
}

/** A proof as it travels: CBOR `[1, channel, entry, entry]`, the same bytes whoever makes it. */
export function encodeForkProof({ entries: [low, high] }: ForkProof): Uint8Array {
  return encodeCbor([VERSION, low.channel, low.bytes, high.bytes]);
}

/** Reads a proof without looking at signatures; refuses `fork.malformed` and, where it proves nothing, `fork.unproven`. */
export function decodeForkProof(payload: Uint8Array): Result<ForkProof> {
  const item = decodeCbor(payload);
  if (!item.ok || !Array.isArray(item.value) || item.value.length < 4) return MALFORMED;
  const [version, channel, a, b] = item.value as unknown[];
  if (version !== VERSION || typeof channel !== 'string') return MALFORMED;
  if (!(a instanceof Uint8Array) || !(b instanceof Uint8Array)) return MALFORMED;
  // Copies: what is kept of a proof must not keep the message that brought it.
  const [one, other] = [decodeEntry(new Uint8Array(a)), decodeEntry(new Uint8Array(b))];
  if (!one.ok || !other.ok || one.value.channel !== channel) return MALFORMED;
  const proof = proofOf(one.value, other.value) ?? proofOfVouching(one.value, other.value);
  return proof === null ? refuse('fork.unproven') : accept(proof);
}

/** Checks the two signatures, each by itself; `fork.unproven` if they are not what the proof needs. */
export function verifyForkProof(proof: ForkProof, externalAad: Uint8Array): Result<ForkProof> {
  const [low, high] = proof.entries.map(({ bytes }) => verifyEntry(bytes, externalAad).ok) as [
    boolean,
    boolean,
  ];
  if (low && high && proof.kind !== 'bad-signature') return accept(proof);
  const vouched = proofOfVouching(proof.entries[0], proof.entries[1]);
  return !low && high && vouched !== null ? accept(vouched) : refuse('fork.unproven');
}

function inOrder(a: Entry, b: Entry): { readonly entries: readonly [Entry, Entry]; readonly end: number } {
  const entries = a.seq < b.seq || (a.seq === b.seq && a.id < b.id) ? ([a, b] as const) : ([b, a] as const);
  return { entries, end: entries[0].seq };
}
