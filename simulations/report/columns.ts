import type { Runs } from './run-report.ts';

/** The time of a run in columns of equal width, so that a week is drawn with no more points than a minute. */
export class Columns {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly count: number;

  constructor(startSeconds: number, endSeconds: number, count: number) {
    this.startSeconds = startSeconds;
    this.endSeconds = Math.max(endSeconds, startSeconds + 0.001);
    this.count = count;
  }

  get widthSeconds(): number {
    return (this.endSeconds - this.startSeconds) / this.count;
  }

  /** The column of a time; times outside count to the first or the last. */
  at(seconds: number): number {
    const column = Math.floor((seconds - this.startSeconds) / this.widthSeconds);
    return Math.min(this.count - 1, Math.max(0, column));
  }
}

/** Counts how much of something there is at the end of each column. */
export class CountOverTime {
  readonly #columns: Columns;
  readonly #changes: Float64Array;

  constructor(columns: Columns) {
    this.#columns = columns;
    this.#changes = new Float64Array(columns.count);
  }

  add(seconds: number, amount = 1): void {
    this.#changes[this.#columns.at(seconds)]! += amount;
  }

  /** What came in each column. */
  amounts(): number[] {
    return [...this.#changes];
  }

  /** What there was at the end of each column. */
  totals(): number[] {
    let total = 0;
    return this.amounts().map((change) => {
      total += change;
      return total;
    });
  }
}

/** Something that changes now and then, as its mean in each column. */
export class LevelOverTime {
  readonly #columns: Columns;
  readonly #sums: Float64Array;
  #level = 0;
  #sinceSeconds: number;

  constructor(columns: Columns) {
    this.#columns = columns;
    this.#sums = new Float64Array(columns.count);
    this.#sinceSeconds = columns.startSeconds;
  }

  get level(): number {
    return this.#level;
  }

  change(seconds: number, amount: number): void {
    this.#settle(seconds);
    this.#level += amount;
  }

  set(seconds: number, level: number): void {
    this.change(seconds, level - this.#level);
  }

  /** Means up to the end of time; the sums are in level-seconds. */
  end(): { readonly means: number[]; readonly levelSeconds: number } {
    this.#settle(this.#columns.endSeconds);
    const means = [...this.#sums].map((sum) => sum / this.#columns.widthSeconds);
    return { means, levelSeconds: this.#sums.reduce((total, sum) => total + sum, 0) };
  }

  #settle(seconds: number): void {
    const { startSeconds, widthSeconds } = this.#columns;
    let from = Math.max(this.#sinceSeconds, startSeconds);
    if (this.#level !== 0) {
      for (let column = this.#columns.at(from); from < seconds && column < this.#columns.count; column++) {
        const to = Math.min(seconds, startSeconds + (column + 1) * widthSeconds);
        this.#sums[column]! += this.#level * Math.max(0, to - from);
        from = Math.max(from, to);
      }
    }
    this.#sinceSeconds = Math.max(this.#sinceSeconds, seconds);
  }
}

/** Values of columns as runs of equal ones. */
export function runsOf(values: readonly number[]): Runs {
  const runs: [number, number][] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === value) last[0]++;
    else runs.push([1, value]);
  }
  return runs;
}
