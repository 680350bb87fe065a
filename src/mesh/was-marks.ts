/** Marks of one log; of more, the oldest are forgotten: what they stood for might be delivered twice. */
export const MARKS_MAX = 16_384;

/** A message that was delivered as it was published again: the number it had first, and what it holds. */
export interface WasMark {
  readonly seq: number;
  /** See `contentOf`. */
  readonly content: string;
}

/**
 * Messages of a forked log that a subscription got from a later epoch. Neither the first ones, should they still
 * come, nor others that were published again are to be delivered. Under one number several messages may have lost,
 * by several clones, so the content counts.
 */
export class WasMarks {
  readonly #marks = new Set<string>();
  #unsaved: WasMark[] = [];

  constructor(marks: readonly WasMark[] = []) {
    for (const mark of marks) this.note(mark);
  }

  get size(): number {
    return this.#marks.size;
  }

  has(mark: WasMark): boolean {
    return this.#marks.has(keyOf(mark));
  }

  /** A message was queued. */
  note(mark: WasMark): void {
    this.#marks.add(keyOf(mark));
    if (this.#marks.size > MARKS_MAX) this.#marks.delete(this.#marks.values().next().value!);
  }

  /** It was acknowledged: it is to be kept. */
  acknowledge(mark: WasMark): void {
    this.#unsaved.push(mark);
  }

  /** Marks that were acknowledged since the last call. */
  takeUnsaved(): readonly WasMark[] {
    const marks = this.#unsaved;
    this.#unsaved = [];
    return marks;
  }
}

function keyOf({ seq, content }: WasMark): string {
  return `${seq} ${content}`;
}
