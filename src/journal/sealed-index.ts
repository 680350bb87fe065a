import { Buffer } from 'node:buffer';
import {
  decodeIndexHeader,
  decodeIndexSummary,
  INDEX_HEADER_BYTES,
  type IndexedLog,
  type IndexHeader,
  type IndexSamples,
  type IndexSummary,
  isRowBlockWhole,
  ROWS_IN_BLOCK,
  rowBlockPlace,
  rowOfBlock,
} from './index-file.ts';
import { NarrowArray } from './narrow-array.ts';
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
  readonly #logs: NarrowArray;
  readonly #rowStart: NarrowArray;
  readonly #rowCount: NarrowArray;
  readonly #firstSeq: NarrowArray;
  /** Last number less the first. */
  readonly #spread: NarrowArray;

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
    const column = (numberOf: (log: IndexedLog, at: number) => number) =>
      new NarrowArray(order.map((at) => numberOf(content.summary.logs[at]!, at)));
    this.#logs = column((_, at) => logNumbers[at]!);
    this.#rowStart = column(({ rowStart }) => rowStart);
    this.#rowCount = column(({ rowCount }) => rowCount);
    const firstOf = ({ numbers }: IndexedLog) => numbers.ranges[0]?.first ?? 0;
    this.#firstSeq = column(firstOf);
    this.#spread = column((log) => (log.numbers.ranges.at(-1)?.last ?? 0) - firstOf(log));
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
  get logNumbers(): Iterable<number> {
    return this.#logs;
  }

  /** Rows of a log; `null` if the segment has none. */
  rowsOf(log: number, blocks: RowBlocks): RowList | null {
    let low = 0;
    let high = this.#logs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#logs.at(middle) < log) low = middle + 1;
      else high = middle;
    }
    if (low === this.#logs.length || this.#logs.at(low) !== log) return null;
    const start = this.#rowStart.at(low);
    const firstSeq = this.#firstSeq.at(low);
    return {
      count: this.#rowCount.at(low),
      firstSeq,
      lastSeq: firstSeq + this.#spread.at(low),
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
