/** A place in an {@link AnswerQueue}. */
export interface AnswerSlot<P> {
  /** `undefined`: not known yet; `null`: none is due. */
  answer: P | null | undefined;
}

/** Gives answers in the order of what they answer (MQTT-4.6.0-2), whatever order they become known in. Pure. */
export class AnswerQueue<P> {
  #slots: AnswerSlot<P>[] = [];

  /** Something came that will be answered. */
  push(): AnswerSlot<P> {
    const slot: AnswerSlot<P> = { answer: undefined };
    this.#slots.push(slot);
    return slot;
  }

  /** The answers that are due, in order. */
  take(): P[] {
    const first = this.#slots.findIndex(({ answer }) => answer === undefined);
    const ready = this.#slots.splice(0, first === -1 ? this.#slots.length : first);
    return ready.flatMap(({ answer }) => (answer == null ? [] : [answer]));
  }
}
