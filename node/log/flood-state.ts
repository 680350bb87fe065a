/** A kind of line: a sentence of a part at a level. */
export interface LineKind {
  readonly part: string;
  readonly level: string;
  readonly sentence: string;
}

/** Lines of a kind that were left out. */
export interface LeftOut extends LineKind {
  readonly suppressed: number;
}

interface Kind extends LineKind {
  tokens: number;
  atMs: number;
  suppressed: number;
}

/** So many lines of a kind may come at once. */
export const FLOOD_BURST = 20;
/** Then one each so often: some 9,000 a day, about 2 MB. */
export const FLOOD_REFILL_MS = 10_000;
/** Kinds that are told apart; sentences are fixed, so there are fewer. */
const KINDS_MAX = 1_024;

/**
 * Which lines are written: a client that is refused a thousand times a second must not fill the card. What is left out is
 * counted, and told with the next line of its kind or, where none comes, by itself. Pure.
 */
export class FloodState {
  readonly #kinds = new Map<string, Kind>();

  /** `null`: not to be written. Else how many of its kind were left out before it. */
  line(kind: LineKind, nowMs: number): number | null {
    const key = `${kind.part} ${kind.level} ${kind.sentence}`;
    let known = this.#kinds.get(key);
    if (known === undefined) {
      if (this.#kinds.size >= KINDS_MAX) return 0;
      known = { ...kind, tokens: FLOOD_BURST, atMs: nowMs, suppressed: 0 };
      this.#kinds.set(key, known);
    }
    const refilled = Math.max(0, nowMs - known.atMs) / FLOOD_REFILL_MS;
    known.tokens = Math.min(FLOOD_BURST, known.tokens + refilled);
    known.atMs = nowMs;
    if (known.tokens < 1) {
      known.suppressed++;
      return null;
    }
    known.tokens--;
    const { suppressed } = known;
    known.suppressed = 0;
    return suppressed;
  }

  /** What was left out and not told yet. */
  takeLeftOut(): LeftOut[] {
    const left = [...this.#kinds.values()].filter(({ suppressed }) => suppressed > 0);
    return left.map((kind) => {
      const { part, level, sentence, suppressed } = kind;
      kind.suppressed = 0;
      return { part, level, sentence, suppressed };
    });
  }
}
