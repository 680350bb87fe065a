import type { SeqRange } from '../journal/index.ts';

/** What `from` holds and `minus` does not. Both ascending, disjoint and inclusive; so is the result. */
export function subtractRanges(from: readonly SeqRange[], minus: readonly SeqRange[]): SeqRange[] {
  const rest: SeqRange[] = [];
  let index = 0;
  for (const range of from) {
    let first = range.first;
    while (index < minus.length && minus[index]!.last < first) index++;
    for (let at = index; at < minus.length && minus[at]!.first <= range.last; at++) {
      const cut = minus[at]!;
      if (cut.first > first) rest.push({ first, last: cut.first - 1 });
      first = Math.max(first, cut.last + 1);
    }
    if (first <= range.last) rest.push({ first, last: range.last });
  }
  return rest;
}

/** Ranges held by a log with `last` as highest number and `holes` below it. */
export function rangesBelow(last: number, holes: readonly SeqRange[]): SeqRange[] {
  return subtractRanges([{ first: 1, last }], holes);
}

/** Numbers in both. */
export function intersectRanges(a: readonly SeqRange[], b: readonly SeqRange[]): SeqRange[] {
  return subtractRanges(a, subtractRanges(a, b));
}

/** Adds a range; touching ranges grow together. */
export function addRange(ranges: readonly SeqRange[], added: SeqRange): SeqRange[] {
  const before = ranges.filter((range) => range.last + 1 < added.first);
  const after = ranges.filter((range) => range.first - 1 > added.last);
  const touching = ranges.filter((range) => range.last + 1 >= added.first && range.first - 1 <= added.last);
  const first = Math.min(added.first, ...touching.map((range) => range.first));
  const last = Math.max(added.last, ...touching.map((range) => range.last));
  return [...before, { first, last }, ...after];
}

/** True if one range covers `first` to `last` whole. */
export function coversRange(ranges: readonly SeqRange[], first: number, last: number): boolean {
  return ranges.some((range) => range.first <= first && range.last >= last);
}

/** True if any number from `first` to `last` is in a range. */
export function touchesRange(ranges: readonly SeqRange[], first: number, last: number): boolean {
  return ranges.some((range) => range.first <= last && range.last >= first);
}
