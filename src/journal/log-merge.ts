import type { RowList } from './sealed-index.ts';
import type { Segment } from './segment.ts';
import type { SegmentRow } from './segment-rows.ts';
import type { SegmentStore } from './segment-store.ts';
import { SegmentUnsound } from './segment-unsound.ts';

/** The rows of one log in all segments, merged by number. */
export class LogMerge {
  readonly #fromSeq: number;
  /** Segments that are not looked into yet, as their numbers are higher; the lowest last. */
  readonly #ahead: RowCursor[] = [];
  #cursors: RowCursor[] = [];

  /** Begins at the first row that reaches `fromSeq`. */
  constructor(store: SegmentStore, log: number, fromSeq: number) {
    this.#fromSeq = fromSeq;
    for (const segment of store.all()) {
      const rows = segment.rowsOf(log, store.blocks);
      if (rows !== null && rows.lastSeq >= fromSeq) this.#ahead.push(new RowCursor(segment, rows));
    }
    this.#ahead.sort((a, b) => b.firstSeq - a.firstSeq);
  }

  /** The next row by number; `null` at the end. */
  async next(): Promise<{ segment: Segment; row: SegmentRow } | null> {
    let best = this.#lowest();
    while (this.#ahead.length > 0 && (best === null || this.#ahead.at(-1)!.firstSeq <= best.row!.seq)) {
      const cursor = this.#ahead.pop()!;
      if (await cursor.seek(this.#fromSeq)) this.#cursors.push(cursor);
      best = this.#lowest();
    }
    if (best === null) return null;
    const next = { segment: best.segment, row: best.row! };
    await best.advance();
    if (best.row === null) this.#cursors = this.#cursors.filter(({ row }) => row !== null);
    return next;
  }

  #lowest(): RowCursor | null {
    let lowest: RowCursor | null = null;
    for (const cursor of this.#cursors) {
      if (lowest === null || isBefore(cursor.row!, lowest.row!)) lowest = cursor;
    }
    return lowest;
  }
}

class RowCursor {
  readonly segment: Segment;
  readonly firstSeq: number;
  readonly #rows: RowList;
  row: SegmentRow | null = null;
  #at = 0;

  constructor(segment: Segment, rows: RowList) {
    this.firstSeq = rows.firstSeq;
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
