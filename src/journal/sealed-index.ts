import { Buffer } from 'node:buffer';
import {
  decodeIndexHeader,
  decodeIndexSummary,
  INDEX_HEADER_BYTES,
  type IndexHeader,
  type IndexSamples,
  type IndexSummary,
  isRowBlockWhole,
  ROWS_IN_BLOCK,
  rowBlockPlace,
  rowOfBlock,
} from './index-file.ts';
import type { RowBlocks } from './row-blocks.ts';
import type { SegmentRow, Stretch } from './segment-rows.ts';

/** Rows of a log in a segment, ascending by message number. */
export interface RowList {
  readonly count: number;
  /** Lowest and highest message number in them. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  row(index: number): Promise<SegmentRow>;
}

/** Thrown where an index file does not hold what it should: it is rebuilt from its segment. */
export class IndexDamaged extends Error {
  override readonly name = 'IndexDamaged';
}

/** The index of a sealed segment: rows stay on disk and are read in blocks. */
export class SealedIndex {
  readonly header: IndexHeader;
  readonly samples: IndexSamples;
  readonly damage: readonly Stretch[];
  readonly #path: string;
  /** Numbers of the logs in the segment, ascending, and where the rows of each stand. */
  readonly #logs: Uint32Array;
  readonly #rowStart: Uint32Array;
  readonly #rowCount: Uint32Array;
  readonly #firstSeq: Float64Array;
  readonly #lastSeq: Float64Array;

  constructor(
    path: string,
    content: { readonly header: IndexHeader; readonly summary: IndexSummary },
    logNumbers: readonly number[],
  ) {
    this.#path = path;
    this.header = content.header;
    this.samples = content.summary.samples;
    this.damage = content.summary.damage;
    const order = [...logNumbers.keys()].sort((a, b) => logNumbers[a]! - logNumbers[b]!);
    this.#logs = Uint32Array.from(order, (at) => logNumbers[at]!);
    this.#rowStart = Uint32Array.from(order, (at) => content.summary.logs[at]!.rowStart);
    this.#rowCount = Uint32Array.from(order, (at) => content.summary.logs[at]!.rowCount);
    const ranges = (at: number) => content.summary.logs[at]!.numbers.ranges;
    this.#firstSeq = Float64Array.from(order, (at) => ranges(at)[0]?.first ?? 0);
    this.#lastSeq = Float64Array.from(order, (at) => ranges(at).at(-1)?.last ?? 0);
  }

  /** Bytes of the file. */
  get bytes(): number {
    const { rows, summaryBytes } = this.header;
    const last = Math.ceil(rows / ROWS_IN_BLOCK) - 1;
    if (last < 0) return INDEX_HEADER_BYTES + summaryBytes;
    const { position, length } = rowBlockPlace(this.header, last);
    return position + length;
  }

  /** Numbers of the logs with rows in the segment. */
  get logNumbers(): Uint32Array {
    return this.#logs;
  }

  /** Rows of a log; `null` if the segment has none. */
  rowsOf(log: number, blocks: RowBlocks): RowList | null {
    let low = 0;
    let high = this.#logs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#logs[middle]! < log) low = middle + 1;
      else high = middle;
    }
    if (this.#logs[low] !== log) return null;
    const start = this.#rowStart[low]!;
    return {
      count: this.#rowCount[low]!,
      firstSeq: this.#firstSeq[low]!,
      lastSeq: this.#lastSeq[low]!,
      row: (index) => this.#row(start + index, blocks),
    };
  }

  async #row(row: number, blocks: RowBlocks): Promise<SegmentRow> {
    const block = Math.floor(row / ROWS_IN_BLOCK);
    const bytes = await blocks.get(this.#path, block, rowBlockPlace(this.header, block));
    if (!isRowBlockWhole(bytes)) {
      blocks.forget(this.#path);
      throw new IndexDamaged('a block of rows is damaged');
    }
    return rowOfBlock(bytes, row % ROWS_IN_BLOCK);
  }
}

/** Reads header and summary of an index file; `null` if it is no good. Throws the disk's error. */
export async function readIndexFile(
  read: (into: Uint8Array, position: number) => Promise<number>,
): Promise<{ header: IndexHeader; summary: IndexSummary } | null> {
  const head = Buffer.alloc(INDEX_HEADER_BYTES);
  const headBytes = await read(head, 0);
  const header = decodeIndexHeader(head.subarray(0, headBytes));
  if (header === null) return null;
  const body = Buffer.alloc(header.summaryBytes);
  const bodyBytes = await read(body, INDEX_HEADER_BYTES);
  const summary = decodeIndexSummary(body.subarray(0, bodyBytes), header);
  return summary === null ? null : { header, summary };
}
