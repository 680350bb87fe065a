import { LINK_LIMITS, type LinkOptions } from './link-options.ts';

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
  /** Came above a gap, to be delivered once it is filled: its sender need not send them again. */
  readonly #held = new Map<number, Uint8Array>();
  readonly #mayHold: (payload: Uint8Array) => boolean;
  #isHeldDelivered = false;
  #hasRoom = true;
  #nakAtMs: number | null = null;
  /** The last number that came above the gap. */
  #seen = Number.POSITIVE_INFINITY;
  /** Something is missing, by what was heard since the last DATA that was wanted. */
  #isMissing = false;
  #bytesAtMs = 0;
  #quietNaks = 0;
  #aheadInRow = 0;
  #refusedInRow = 0;

  constructor({ receiveWindow, mayHold = () => false }: Pick<LinkOptions, 'receiveWindow' | 'mayHold'>) {
    this.#window = receiveWindow;
    this.#mayHold = mayHold;
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

  /**
   * When the line has been quiet for so long, although something is missing, that nothing is on its way any more: the
   * end of what was sent is lost, or what the last NAK asked for.
   */
  get quietEndsAtMs(): number | null {
    if (!this.#isMissing || this.#quietNaks >= LINK_LIMITS.quietNaks) return null;
    return this.#bytesAtMs + LINK_LIMITS.quietMs * 2 ** this.#quietNaks;
  }

  /** Bytes came in, whatever they were. */
  heard(isDamaged: boolean, nowMs: number): void {
    this.#bytesAtMs = nowMs;
    if (isDamaged) this.#misses();
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

  /** Keeps DATA that came above a gap, where it may be kept. */
  hold(seq: number, payload: Uint8Array): void {
    const number = this.#wanted + ((seq - this.#wanted) & 0xff);
    if (!this.#held.has(number) && this.#mayHold(payload)) this.#held.set(number, payload.slice());
  }

  /**
   * Whether the wanted number is to be asked for because of DATA above it: once a gap, after a while, and where numbers
   * rise no longer: then its sender has gone back already, and what is wanted got lost again.
   */
  asks(seq: number, nowMs: number): boolean {
    const number = this.#wanted + ((seq - this.#wanted) & 0xff);
    const isRising = number > this.#seen;
    this.#seen = number;
    this.#misses();
    if (isRising && this.#nakAtMs !== null && nowMs - this.#nakAtMs < LINK_LIMITS.nakIntervalMs) return false;
    this.#nakAtMs = nowMs;
    return true;
  }

  /** Whether the wanted number is to be asked for because the line is quiet. */
  asksQuietly(nowMs: number): boolean {
    const endsAtMs = this.quietEndsAtMs;
    if (endsAtMs === null || nowMs < endsAtMs) return false;
    this.#quietNaks++;
    this.#bytesAtMs = nowMs;
    this.#nakAtMs = nowMs;
    // Nothing was on its way: whatever comes above the gap now comes after a loss of its own.
    this.#seen = Number.POSITIVE_INFINITY;
    return true;
  }

  /** The other side sends, and not everything of it arrives. */
  #misses(): void {
    this.#isMissing = true;
    this.#quietNaks = 0;
  }

  take(nowMs: number): void {
    this.#wanted++;
    this.#takenAtMs.push(nowMs);
    this.#nakAtMs = null;
    this.#isMissing = this.#held.size > 0;
    this.#quietNaks = 0;
    this.#aheadInRow = 0;
    this.#refusedInRow = 0;
    this.#isHeldDelivered = false;
  }

  /** The wanted DATA, if it came before its turn. */
  release(): Uint8Array | null {
    const payload = this.#held.get(this.#wanted);
    if (payload === undefined) return null;
    this.#held.delete(this.#wanted);
    this.#isHeldDelivered = true;
    return payload;
  }

  /** One that was held is wanted again; it may be as old as the gap, and proves nothing against the link. */
  refuse(): void {
    if (this.#isHeldDelivered) this.#isMissing = true;
    else this.#refusedInRow++;
    this.#isHeldDelivered = false;
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
