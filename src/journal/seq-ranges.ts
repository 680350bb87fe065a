import type { SeqRange } from './journal-face.ts';

/** Joins a range into ascending, disjoint, non-adjacent ranges; changes the array. */
export function joinRange(ranges: SeqRange[], first: number, last: number): void {
  const from = firstEndingAtOrAfter(ranges, first - 1);
  let to = from;
  let low = first;
  let high = last;
  while (to < ranges.length && ranges[to]!.first <= last + 1) {
    low = Math.min(low, ranges[to]!.first);
    high = Math.max(high, ranges[to]!.last);
    to++;
  }
  ranges.splice(from, to - from, { first: low, last: high });
}

/** Takes a range out of ascending, disjoint ranges; changes the array. */
export function cutRange(ranges: SeqRange[], first: number, last: number): void {
  const from = firstEndingAtOrAfter(ranges, first);
  let to = from;
  const rest: SeqRange[] = [];
  while (to < ranges.length && ranges[to]!.first <= last) {
    const range = ranges[to]!;
    if (range.first < first) rest.push({ first: range.first, last: first - 1 });
    if (range.last > last) rest.push({ first: last + 1, last: range.last });
    to++;
  }
  if (to > from) ranges.splice(from, to - from, ...rest);
}

/** True if `number` lies in one of ascending, disjoint ranges. */
export function rangesHave(ranges: readonly SeqRange[], number: number): boolean {
  const range = ranges[firstEndingAtOrAfter(ranges, number)];
  return range !== undefined && range.first <= number;
}

/** Index of the first of ascending, disjoint ranges whose last number is `number` or more. */
export function firstEndingAtOrAfter(ranges: readonly SeqRange[], number: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]!.last < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
