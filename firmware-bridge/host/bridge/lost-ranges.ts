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

/**
 * What of a gap is really lost: after a crash the agent may know less than what it had published. `isThere` asks the
 * mesh. With an unknown end, the last range has none either.
 */
export async function lostRanges(
  { first, last }: NumberRange,
  isThere: (counter: number) => Promise<boolean>,
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
