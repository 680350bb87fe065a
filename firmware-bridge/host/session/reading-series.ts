import type { DroppedReadings } from './record-values.ts';

/** Ranges that the device explained ahead of the readings around them; more are forgotten, and reported as lost. */
const EXPLAINED_MAX = 16;

/** Which readings of an epoch came, were explained by the device, or are missing without a word. */
export class ReadingSeries {
  /** All readings up to this came or were reported. */
  #covered: number;
  #explained: DroppedReadings[] = [];

  /** @param readingsDone What was done with in earlier sessions. */
  constructor(readingsDone: number) {
    this.#covered = readingsDone;
  }

  get covered(): number {
    return this.#covered;
  }

  /** A reading came: the counters before it that nothing is known of. */
  take(counter: number): DroppedReadings[] {
    const holes: DroppedReadings[] = [];
    let next = this.#covered + 1;
    for (const { first, last } of this.#explained) {
      if (first >= counter) break;
      if (first > next) holes.push({ first: next, last: first - 1 });
      next = Math.max(next, last + 1);
    }
    if (next < counter) holes.push({ first: next, last: counter - 1 });
    this.#cover(Math.max(counter, next - 1));
    return holes;
  }

  /** The device says that it dropped these: the part that is news. */
  explain({ first, last }: DroppedReadings): DroppedReadings | null {
    const news = { first: Math.max(first, this.#covered + 1), last };
    if (news.first > news.last) return null;
    this.#explained.push(news);
    this.#explained.sort((a, b) => a.first - b.first);
    this.#explained.splice(EXPLAINED_MAX);
    this.#cover(this.#covered);
    return news;
  }

  #cover(covered: number): void {
    this.#covered = Math.max(this.#covered, covered);
    while (this.#explained.length > 0 && this.#explained[0]!.first <= this.#covered + 1) {
      this.#covered = Math.max(this.#covered, this.#explained.shift()!.last);
    }
  }
}
