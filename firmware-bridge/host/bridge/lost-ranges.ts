/** Numbers of one device and epoch, both ends included; `last` is `null` where nobody knows it. */
export interface NumberRange {
  readonly first: number;
  readonly last: number | null;
}

/** Numbers that are looked up one by one; what lies beyond is taken to be as it was said. */
const LOOKED_UP_MAX = 16_384;
/** Reports that one gap may become. */
const RANGES_MAX = 256;

/** What is known of single numbers. */
export interface NumberLookup {
  /** The reading is in the mesh. */
  readonly isThere: (counter: number) => Promise<boolean>;
  /** A report of lost numbers is in the mesh that ends with this one. */
  readonly isTold: (last: number) => Promise<boolean>;
  /** The highest number from this one on that is there, or that a report ends with; 0 if none is. */
  readonly highestFrom: (first: number) => Promise<number>;
}

/**
 * What of a gap is really lost and not told yet: after a crash the agent may know less than what it had published, and
 * a gap may have grown since it was told. With an unknown end, the last range has none either.
 */
export async function lostRanges(gap: NumberRange, lookup: NumberLookup): Promise<NumberRange[]> {
  const { first, last } = gap;
  // However many in a row are not there, more may come after them: a device drops as many as it takes.
  const known = last ?? Math.max(first - 1, await lookup.highestFrom(first));
  const untold: NumberRange[] = [];
  for (const range of await absentRanges({ first, last: known }, lookup.isThere)) {
    const from = await firstUntold(range, lookup.isTold);
    if (from <= range.last) untold.push({ first: from, last: range.last });
  }
  return last === null ? [...untold, { first: known + 1, last: null }] : untold;
}

interface ClosedRange {
  readonly first: number;
  readonly last: number;
}

/** All of a range up to the last number that a report ends with was told: what is absent is told without a hole. */
async function firstUntold({ first, last }: ClosedRange, isTold: NumberLookup['isTold']): Promise<number> {
  const end = Math.min(last, first + LOOKED_UP_MAX - 1);
  for (let counter = end; counter >= first; counter--) if (await isTold(counter)) return counter + 1;
  return first;
}

async function absentRanges(
  { first, last }: ClosedRange,
  isThere: NumberLookup['isThere'],
): Promise<ClosedRange[]> {
  const lost: ClosedRange[] = [];
  const end = Math.min(last, first + LOOKED_UP_MAX - 1);
  let open: number | null = null;
  let counter = first;
  for (; counter <= end && lost.length < RANGES_MAX - 1; counter++) {
    if (!(await isThere(counter))) open ??= counter;
    else if (open !== null) {
      lost.push({ first: open, last: counter - 1 });
      open = null;
    }
  }
  if (open !== null || counter <= last) lost.push({ first: open ?? counter, last });
  return lost;
}
