/** A place in an {@link AnswerQueue}. */
export interface AnswerSlot<P> {
  /** `undefined`: not known yet; `null`: none is due. */
  answer: P | null | undefined;
}

/** Gives answers in the order of what they answer (MQTT-4.6.0-2), whatever order they become known in. Pure. */
export class AnswerQueue<P> {
  #slots: AnswerSlot<P>[] = [];
  /** The first that was not taken. */
  #head = 0;

  /** Something came that will be answered. */
  push(): AnswerSlot<P> {
    const slot: AnswerSlot<P> = { answer: undefined };
    this.#slots.push(slot);
    return slot;
  }

  /** The answers that are due, in order. Each costs the same, however many wait behind it. */
  take(): P[] {
    const ready: P[] = [];
    for (; this.#head < this.#slots.length; this.#head++) {
      const { answer } = this.#slots[this.#head]!;
      if (answer === undefined) break;
      if (answer !== null) ready.push(answer);
    }
    // What was taken goes in one piece, once it is the greater part.
    if (this.#head * 2 > this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head);
      this.#head = 0;
    }
    return ready;
  }
}
