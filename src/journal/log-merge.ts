import type { RowList } from './sealed-index.ts';
import type { Segment } from './segment.ts';
import type { SegmentRow } from './segment-rows.ts';
import type { SegmentStore } from './segment-store.ts';
import { SegmentUnsound } from './segment-unsound.ts';

/** The rows of one log in all segments, merged by number. */
export class LogMerge {
  readonly #cursors: RowCursor[];

  private constructor(cursors: RowCursor[]) {
    this.#cursors = cursors;
  }

  /** Begins at the first row that reaches `fromSeq`. */
  static async open(store: SegmentStore, log: number, fromSeq: number): Promise<LogMerge> {
    const cursors: RowCursor[] = [];
    for (const segment of store.all()) {
      const rows = segment.rowsOf(log, store.blocks);
      if (rows === null) continue;
      const cursor = new RowCursor(segment, rows);
      if (await cursor.seek(fromSeq)) cursors.push(cursor);
    }
    return new LogMerge(cursors);
  }

  /** The next row by number; `null` at the end. */
  async next(): Promise<{ segment: Segment; row: SegmentRow } | null> {
    let best: RowCursor | null = null;
    for (const cursor of this.#cursors) {
      if (cursor.row === null) continue;
      if (best === null || isBefore(cursor.row, best.row!)) best = cursor;
    }
    if (best === null) return null;
    const next = { segment: best.segment, row: best.row! };
    await best.advance();
    return next;
  }
}

class RowCursor {
  readonly segment: Segment;
  readonly #rows: RowList;
  row: SegmentRow | null = null;
  #at = 0;

  constructor(segment: Segment, rows: RowList) {
    this.segment = segment;
    this.#rows = rows;
  }

  /** Goes to the first row that reaches `seq`; `false` if there is none. */
  async seek(seq: number): Promise<boolean> {
    let low = 0;
    let high = this.#rows.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const row = await this.#row(middle);
      if (row.seq + row.count <= seq) low = middle + 1;
      else high = middle;
    }
    this.#at = low;
    this.row = low < this.#rows.count ? await this.#row(low) : null;
    return this.row !== null;
  }

  async advance(): Promise<void> {
    const passed = this.row!;
    do {
      this.#at++;
      this.row = this.#at < this.#rows.count ? await this.#row(this.#at) : null;
      // An entry that came in below meanwhile moved the rows of an open segment along.
    } while (this.row !== null && !isBefore(passed, this.row));
  }

  async #row(index: number): Promise<SegmentRow> {
    try {
      return await this.#rows.row(index);
    } catch (error) {
      throw new SegmentUnsound(this.segment, error);
    }
  }
}

function isBefore(a: SegmentRow, b: SegmentRow): boolean {
  return a.seq < b.seq || (a.seq === b.seq && a.position < b.position);
}
