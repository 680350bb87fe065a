/** Numbers of one device and epoch, both ends included; `last` is `null` where nobody knows it. */
export interface NumberRange {
  readonly first: number;
  readonly last: number | null;
}

/** Numbers that are looked up one by one; what lies beyond is taken to be as it was said. */
const LOOKED_UP_MAX = 16_384;
/** Where the end is not known: so many in a row that are not there, and the rest is not either. */
const ABSENT_IN_A_ROW = 64;
/** Reports that one gap may become. */
const RANGES_MAX = 256;

/** What is known of single numbers. */
export interface NumberLookup {
  /** The reading is in the mesh. */
  readonly isThere: (counter: number) => Promise<boolean>;
  /** A report of lost numbers is in the mesh that ends with this one. */
  readonly isTold: (last: number) => Promise<boolean>;
}

/**
 * What of a gap is really lost and not told yet: after a crash the agent may know less than what it had published, and
 * a gap may have grown since it was told. With an unknown end, the last range has none either.
 */
export async function lostRanges(gap: NumberRange, lookup: NumberLookup): Promise<NumberRange[]> {
  const untold: NumberRange[] = [];
  for (const range of await absentRanges(gap, lookup.isThere)) {
    const first = await firstUntold(range, lookup.isTold);
    if (range.last === null || first <= range.last) untold.push({ first, last: range.last });
  }
  return untold;
}

/** All of a range up to the last number that a report ends with was told: what is absent is told without a hole. */
async function firstUntold({ first, last }: NumberRange, isTold: NumberLookup['isTold']): Promise<number> {
  const end = Math.min(last ?? Number.POSITIVE_INFINITY, first + LOOKED_UP_MAX - 1);
  for (let counter = end; counter >= first; counter--) if (await isTold(counter)) return counter + 1;
  return first;
}

async function absentRanges(
  { first, last }: NumberRange,
  isThere: NumberLookup['isThere'],
): Promise<NumberRange[]> {
  const lost: { first: number; last: number | null }[] = [];
  const end = Math.min(last ?? Number.POSITIVE_INFINITY, first + LOOKED_UP_MAX - 1);
  let absent = 0;
  let open: number | null = null;
  let counter = first;
  for (; counter <= end && lost.length < RANGES_MAX - 1; counter++) {
    if (await isThere(counter)) {
      if (open !== null) lost.push({ first: open, last: counter - 1 });
      open = null;
      absent = 0;
      continue;
    }
    open ??= counter;
    absent++;
    if (last === null && absent >= ABSENT_IN_A_ROW) break;
  }
  const isWhole = last !== null && counter > last;
  if (open !== null || !isWhole) lost.push({ first: open ?? counter, last });
  return lost;
}
