/** Labels that come from outside, and how many values of each a page has at most. */
export const LABEL_LIMITS = Object.freeze({
  channel: 13,
  peer: 24,
  /** Pairs of a peer and a channel; the ones with the largest backlog. */
  backlog: 240,
  /** The same of those that will lose something; the first to. */
  loss: 96,
  code: 48,
  httpCode: 24,
  device: 24,
  bridge: 8,
  cause: 32,
  rule: 24,
});

/** One of {@link LABEL_LIMITS}. */
export type LimitedLabel = keyof typeof LABEL_LIMITS;

/** What has no place of its own is counted under this. */
export const OTHER = 'other';

/**
 * Gives values of labels a place, the first to come first, and the rest the value `other`. One that has a place keeps it while
 * it is there: a counter must not move from series to series. Pure.
 */
export class LabelBudget {
  readonly #places = new Map<LimitedLabel, Map<string, string>>();
  readonly #overflow = new Map<LimitedLabel, number>();

  /** The value that a page has for each of `names`, all that are there now. */
  place(label: LimitedLabel, names: Iterable<string>): (name: string) => string {
    const now = new Set(names);
    const places = this.#places.get(label) ?? new Map<string, string>();
    this.#places.set(label, places);
    for (const name of places.keys()) if (!now.has(name)) places.delete(name);
    for (const name of now) {
      if (places.size >= LABEL_LIMITS[label]) break;
      // What is called so by itself shares the place of the rest.
      if (!places.has(name) && name !== OTHER) places.set(name, name);
    }
    this.#overflow.set(label, now.size - places.size);
    return (name) => places.get(name) ?? OTHER;
  }

  /** How many values share `other`, by label. */
  overflow(): ReadonlyMap<LimitedLabel, number> {
    return this.#overflow;
  }
}
