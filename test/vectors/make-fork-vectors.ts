/** Writes test/vectors/ingest/forks.json: `node test/vectors/make-fork-vectors.ts`. The same input, the same bytes. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { encodeCbor, fromHex, toHex } from '../../src/bytes/index.ts';
import { decodeEntry, type Entry, type EntryId, type EpochId, sealEntry } from '../../src/entry/index.ts';
import { Identity } from '../../src/identity/index.ts';
import { type ForkProof, proofOf, proofOfVouching } from '../../src/ingest/fork-proof.ts';
import { cutForkProof, encodeForkProof, type ForkKind } from '../../src/ingest/index.ts';

const SEED = '0b'.repeat(32);
const REALM_ID = '000102030405060708090a0b0c0d0e0f';
const EPOCH = '0011223344556677' as EpochId;
const PREV = '00112233445566778899aabbccddeeff' as EntryId;

const author = Identity.fromSeed(fromHex(SEED)!);
/** external_aad: CBOR ["sedge/1", realm id]. */
const aad = encodeCbor(['sedge/1', fromHex(REALM_ID)]);

/** A golden proof. */
export interface ForkVector {
  readonly name: string;
  readonly kind: ForkKind;
  readonly end: number;
  /** Payload of the message on `$realm/fork`, hexadecimal. */
  readonly payload: string;
}

/** The file. */
export interface ForkVectors {
  readonly about: string;
  readonly seed: string;
  readonly realmId: string;
  readonly proofs: readonly ForkVector[];
  /** A proof over 1 MiB comes in parts: the start of each, up to its bytes, hexadecimal. */
  readonly partHeads: readonly string[];
}

function entry(seq: number, prev: EntryId | null, text: string, count = 1): Entry {
  const messages = Array.from({ length: count }, () => ({ topic: 't', payload: Buffer.from(text), timeMs: 5 }));
  const header = { channel: 'main', epoch: EPOCH, seq, skip: 0, prev, lamport: 9, timeMs: 5, ttlSeconds: 0 };
  return sealEntry({ ...header, messages }, author, aad);
}

function badlySigned({ bytes }: Entry): Entry {
  const copy = new Uint8Array(bytes);
  copy[copy.length - 1]! ^= 1;
  const decoded = decodeEntry(copy);
  if (!decoded.ok) throw new Error(decoded.code);
  return decoded.value;
}

function vector(name: string, proof: ForkProof | null): ForkVector {
  if (proof === null) throw new Error(`${name} proves nothing`);
  return { name, kind: proof.kind, end: proof.end, payload: toHex(encodeForkProof(proof)) };
}

/** All vectors. */
export function makeForkVectors(): ForkVectors {
  const first = entry(1, null, 'first');
  const bad = badlySigned(first);
  const large = [1, 2].map((n) => entry(1, null, 'x'.repeat(700_000) + n)) as [Entry, Entry];
  return {
    about: 'Payloads of $realm/fork. Made by make-fork-vectors.ts.',
    seed: SEED,
    realmId: REALM_ID,
    proofs: [
      vector('two entries for one number', proofOf(entry(2, first.id, 'ours'), entry(2, first.id, 'theirs'))),
      vector('an overlap in part', proofOf(entry(2, first.id, 'wide', 5), entry(4, PREV, 'narrow'))),
      vector('another entry named as the one before', proofOf(first, entry(2, PREV, 'second'))),
      vector('a bad signature vouched for', proofOfVouching(bad, entry(2, bad.id, 'second'))),
    ],
    partHeads: cutForkProof(encodeForkProof(proofOf(...large)!)).map((part) => toHex(part.subarray(0, 26))),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = new URL('./ingest/forks.json', import.meta.url);
  writeFileSync(file, `${JSON.stringify(makeForkVectors(), null, 2)}\n`);
}
