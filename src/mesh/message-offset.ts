/**
 * A delivery's offset as text: the journal's `<incarnation>:<position>` of its entry, and `.<n>` behind it where
 * further messages of the same entry follow: n of them came up to this one.
 */
export function messageOffsetText(entryOffset: string, index: number, count: number): string {
  return index + 1 < count ? `${entryOffset}.${index + 1}` : entryOffset;
}

/** Takes such a text apart; `taken` is `null` where the whole entry was had. */
export function splitMessageOffset(text: string): {
  readonly entryOffset: string;
  readonly taken: number | null;
} {
  const match = /^(.*)\.([1-9]\d{0,2})$/.exec(text);
  return match === null
    ? { entryOffset: text, taken: null }
    : { entryOffset: match[1]!, taken: Number(match[2]) };
}
