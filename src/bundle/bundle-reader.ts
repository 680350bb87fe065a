import { crc32c, RunningSha256 } from '../bytes/index.ts';
import { type BundleItem, decodeItem } from './bundle-items.ts';
import { parseRecordHead, RECORD_HEAD_BYTES, RECORD_MARK } from './bundle-record.ts';
import { ByteQueue } from './byte-queue.ts';

/** What is found in a bundle, in its order. */
export type BundlePart =
  | { readonly kind: 'item'; readonly item: BundleItem; readonly before: BytesBefore }
  /** Bytes that are no record any more; one part a stretch. */
  | { readonly kind: 'damaged'; readonly bytes: number }
  /** The end came within a record. */
  | { readonly kind: 'cut'; readonly bytes: number };

/** All that came before an item. */
export interface BytesBefore {
  readonly bytes: number;
  /** SHA-256 of them, hexadecimal; costs a pass over nothing, as it was kept all along. */
  digest(): string;
}

/** Bytes looked through at once for the next record behind damage. */
const SEARCH_BYTES = 65_536;
/** A stretch of damage is told of at least this often: whoever reads a video as a bundle may stop. */
const STRETCH_BYTES_MAX = 2 * 1_048_576;

/**
 * Reads a bundle as it comes, a record at a time, however long it is. Damage costs the record that it hits: a
 * record whose body is not what was written is passed over by its length, and where a head is not sound the next
 * mark is searched for. Every byte is looked at a bounded number of times, whoever wrote them.
 */
export async function* readBundle(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<BundlePart> {
  const queue = new ByteQueue(source);
  const sha = new RunningSha256();
  let before = 0;
  let damaged = 0;
  const pass = (count: number): void => {
    sha.update(queue.take(count));
    before += count;
  };
  try {
    while (await queue.fill(1)) {
      const headed = await queue.fill(RECORD_HEAD_BYTES);
      const head = parseRecordHead(queue.bytes);
      if (head === null && headed) {
        const skipped = await bytesToNextMark(queue);
        damaged += skipped;
        pass(skipped);
        if (damaged < STRETCH_BYTES_MAX) continue;
        yield { kind: 'damaged', bytes: damaged };
        damaged = 0;
        continue;
      }
      const size = RECORD_HEAD_BYTES + (head?.length ?? 0);
      if (head === null || !(await queue.fill(size))) {
        if (damaged > 0) yield { kind: 'damaged', bytes: damaged };
        yield { kind: 'cut', bytes: queue.bytes.length };
        return;
      }
      const body = queue.bytes.subarray(RECORD_HEAD_BYTES, size);
      const item = crc32c(body) === head.bodyCrc ? decodeItem(head.kind, body) : null;
      if (item === null) {
        // A stretch of its own: each record that is lost is counted.
        yield { kind: 'damaged', bytes: damaged + size };
        damaged = 0;
      } else {
        if (damaged > 0) yield { kind: 'damaged', bytes: damaged };
        damaged = 0;
        yield { kind: 'item', item, before: { bytes: before, digest: () => sha.digestSoFar() } };
      }
      pass(size);
    }
    if (damaged > 0) yield { kind: 'damaged', bytes: damaged };
  } finally {
    await queue.end();
  }
}

/** How many bytes lie before the next mark, at least one; all that is held where there is none. */
async function bytesToNextMark(queue: ByteQueue): Promise<number> {
  await queue.fill(SEARCH_BYTES);
  const { bytes } = queue;
  const at = bytes.indexOf(RECORD_MARK, 1);
  if (at > 0) return at;
  // A mark may have begun in the last bytes.
  const keep = bytes.length >= SEARCH_BYTES ? RECORD_MARK.length - 1 : 0;
  return Math.max(1, bytes.length - keep);
}
