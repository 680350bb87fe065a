import { Buffer } from 'node:buffer';
import { cborUint, decodeCbor, encodeCbor, sha256, sha256Hex16 } from '../../../src/bytes/index.ts';
import type { Entry, EntryId, EpochId, LogId } from '../../../src/entry/index.ts';
import { logIdOf } from '../../../src/entry/index.ts';
import { accept, type Result, refuse } from '../../../src/errors/index.ts';
import { type NodeId, nodeIdOf } from '../../../src/identity/index.ts';
import type { LocalFacts } from '../../../src/journal/index.ts';

/** What a sample entry is made of; the journal never looks at more. */
export interface Sample {
  readonly author: NodeId;
  readonly epoch?: EpochId;
  readonly seq: number;
  readonly count?: number;
  readonly skip?: number;
  readonly lamport?: number;
  readonly payloadBytes?: number;
  readonly salt?: number;
  readonly producer?: string;
  readonly n?: number;
  /** Topic of all its messages, `a` unless given. */
  readonly topic?: string;
  readonly retain?: boolean;
}

export const CHANNEL = 'main';
export const EPOCH = '00112233445566ff' as EpochId;

/** A node id that follows from a number. */
export function sampleAuthor(number: number): NodeId {
  return nodeIdOf(sha256(Buffer.from(`author ${number}`)));
}

/** The log of an author in the usual epoch. */
export function sampleLog(author: NodeId, epoch = EPOCH): LogId {
  return logIdOf({ author, epoch });
}

/** An entry in a stand-in encoding: the journal takes its decoder as a dependency. */
export function sampleEntry(sample: Sample): Entry {
  const { author, epoch = EPOCH, seq, count = 1, skip = 0, lamport = seq, payloadBytes = 10 } = sample;
  const fill = new Uint8Array(payloadBytes).fill(sample.salt ?? seq & 0xff);
  const bytes = encodeCbor([
    author,
    epoch,
    cborUint(seq),
    count,
    skip,
    cborUint(lamport),
    sample.producer ?? null,
    cborUint(sample.n ?? 0),
    fill,
    // Only where given: the golden files are made of entries without.
    ...(sample.topic === undefined ? [] : [sample.topic, sample.retain ?? false]),
  ]);
  const decoded = decodeSample(bytes);
  if (!decoded.ok) throw new Error('sample entries decode');
  return decoded.value;
}

/** Decoder of {@link sampleEntry}. */
export function decodeSample(bytes: Uint8Array): Result<Entry> {
  const item = decodeCbor(bytes);
  if (!item.ok || !Array.isArray(item.value) || ![9, 11].includes(item.value.length))
    return refuse('entry.malformed');
  const [author, epoch, seq, count, skip, lamport, producer, n, payload, topic, retain] = item.value as [
    NodeId,
    EpochId,
    number,
    number,
    number,
    number,
    string | null,
    number,
    Uint8Array,
    string | undefined,
    boolean | undefined,
  ];
  const messages = Array.from({ length: count }, (_, index) => ({
    topic: topic ?? 'a',
    payload,
    timeMs: 0,
    ...(retain === true ? { retain } : {}),
    ...(producer === null ? {} : { publishId: { producer, n: n + index } }),
  }));
  const header = { version: 1, author, channel: CHANNEL, epoch, seq, count, skip, lamport };
  const rest = { prev: null, timeMs: 0, ttlSeconds: 0, bytes, id: sha256Hex16(bytes) as EntryId, messages };
  return accept({ ...header, ...rest });
}

/** Local facts as gossip gives them. */
export function sampleFacts(receivedAtMs = 1_790_000_000_000): LocalFacts {
  return { receivedAtMs, ageMs: 0, source: 'gossip', verifiedBy: 'signature' };
}
