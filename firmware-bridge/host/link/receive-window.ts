import { LINK_LIMITS } from './link-options.ts';

/** What a DATA frame is to the link. */
export type Arrival = 'wanted' | 'duplicate' | 'ahead' | 'absurd' | 'no-room';

/** The receiving half of a link: what is wanted next, and what may be acknowledged. */
export class ReceiveWindow {
  readonly #window: number;
  /** Number of the DATA wanted next, without wrapping: all below is taken. */
  #wanted = 0;
  /** All below is done with. */
  #done = 0;
  /** Done with ahead of others. */
  readonly #doneAhead = new Set<number>();
  /** When what is not done with was taken, from `#done` on. */
  readonly #takenAtMs: number[] = [];
  #hasRoom = true;
  #nakAtMs: number | null = null;
  #aheadInRow = 0;
  #refusedInRow = 0;

  constructor(window: number) {
    this.#window = window;
  }

  get wanted(): number {
    return this.#wanted;
  }

  get done(): number {
    return this.#done;
  }

  /** Frames came one after the other that no link which is sound lets come. */
  get end(): 'refused' | 'lost-count' | null {
    if (this.#refusedInRow >= LINK_LIMITS.refusals) return 'refused';
    return this.#aheadInRow >= LINK_LIMITS.gapFrames ? 'lost-count' : null;
  }

  /** When what was taken has waited so long that its sender is to be told. */
  get patienceEndsAtMs(): number | null {
    const oldest = this.#takenAtMs[0];
    return oldest === undefined ? null : oldest + LINK_LIMITS.patienceMs;
  }

  setRoom(hasRoom: boolean): void {
    this.#hasRoom = hasRoom;
  }

  /** Whether the sender is to wait. */
  isNotReady(nowMs: number): boolean {
    if (!this.#hasRoom) return true;
    const endsAtMs = this.patienceEndsAtMs;
    return endsAtMs !== null && nowMs >= endsAtMs;
  }

  /** What the DATA of a number on the wire is. */
  arrival(seq: number): Arrival {
    const ahead = (seq - this.#wanted) & 0xff;
    if (ahead >= 0x80) return 'duplicate';
    if (ahead >= this.#window) {
      // Of no use to count these for as long as those of a gap.
      this.#aheadInRow += LINK_LIMITS.gapFrames / LINK_LIMITS.absurdFrames;
      return 'absurd';
    }
    if (!this.#hasRoom || this.#wanted - this.#done >= this.#window) return 'no-room';
    if (ahead === 0) return 'wanted';
    this.#aheadInRow++;
    return 'ahead';
  }

  /** Whether the wanted number is to be asked for, which is once a gap or after a while. */
  asks(nowMs: number): boolean {
    if (this.#nakAtMs !== null && nowMs - this.#nakAtMs < LINK_LIMITS.nakIntervalMs) return false;
    this.#nakAtMs = nowMs;
    return true;
  }

  take(nowMs: number): void {
    this.#wanted++;
    this.#takenAtMs.push(nowMs);
    this.#nakAtMs = null;
    this.#aheadInRow = 0;
    this.#refusedInRow = 0;
  }

  refuse(): void {
    this.#refusedInRow++;
  }

  /** What was taken under this number is done with; says whether more can be acknowledged now. */
  finish(number: number): boolean {
    if (number < this.#done || number >= this.#wanted) return false;
    this.#doneAhead.add(number);
    const before = this.#done;
    while (this.#doneAhead.delete(this.#done)) {
      this.#done++;
      this.#takenAtMs.shift();
    }
    return this.#done > before;
  }
}
