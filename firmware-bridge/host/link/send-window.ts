import { LINK_LIMITS, type LinkOptions } from './link-options.ts';
import { RoundTrip } from './round-trip.ts';

/** DATA to put on the wire now. */
export interface DataToSend<T> {
  /** Counted from 0, without wrapping. */
  readonly number: number;
  readonly again: boolean;
  readonly item: T;
}

/** The sending half of a link: what was sent and not acknowledged, and when it goes out again. */
export class SendWindow<T> {
  readonly #window: number;
  readonly #frameMs: number;
  readonly #peerSleeps: boolean;
  readonly #roundTrip: RoundTrip;
  /** From the oldest unacknowledged on, with those that wait for room in the window. */
  readonly #items: T[] = [];
  /** Number of the oldest unacknowledged. */
  #base = 0;
  /** The next to go out; behind `#high` while sending again. */
  #next = 0;
  /** One above the highest ever sent: what an acknowledgement is checked against. */
  #high = 0;
  #timed: { readonly number: number; readonly atMs: number } | null = null;
  #timeoutAtMs: number | null = null;
  #askAtMs: number | null = null;
  #triesWithoutProgress = 0;
  #triesUnheard = 0;
  #isHeldUp = false;
  #heardAtMs = 0;

  constructor(options: LinkOptions) {
    const { sendWindow, timeoutMsMin = 60, timeoutMsMax = 200, frameMs = 0, peerSleeps = false } = options;
    this.#window = sendWindow;
    this.#peerSleeps = peerSleeps;
    this.#frameMs = frameMs;
    this.#roundTrip = new RoundTrip({ minMs: timeoutMsMin, maxMs: timeoutMsMax });
  }

  /** Number of the next new DATA. */
  get high(): number {
    return this.#high;
  }

  /** Sent and not acknowledged, or waiting. */
  get pending(): number {
    return this.#items.length;
  }

  /** Sent so often without hearing anything that nobody can be there. */
  get isHopeless(): boolean {
    return this.#triesUnheard > LINK_LIMITS.tries && !this.#peerSleeps;
  }

  /** Its frames do not get through, time after time. */
  get isStruggling(): boolean {
    return this.#triesWithoutProgress >= 2;
  }

  /** When {@link due} has something to do next. */
  get wakeAtMs(): number | null {
    return this.#isHeldUp ? this.#askAtMs : this.#timeoutAtMs;
  }

  add(item: T): void {
    this.#items.push(item);
  }

  /** Any valid frame of the other side. */
  heard(isNotReady: boolean, nowMs: number): void {
    this.#triesUnheard = 0;
    if (this.#peerSleeps && nowMs - this.#heardAtMs > LINK_LIMITS.sleepMs) {
      this.#triesWithoutProgress = 0;
      this.#rewind(this.#base, nowMs);
    }
    this.#heardAtMs = nowMs;
    if (isNotReady) this.#askAtMs = nowMs + LINK_LIMITS.askIntervalMs;
    else if (this.#isHeldUp) this.#restartTimeout(nowMs);
    this.#isHeldUp = isNotReady;
  }

  /** Everything below it is done with; `null` if it was never sent. */
  acknowledge(ack: number, nowMs: number): readonly T[] | null {
    const count = (ack - this.#base) & 0xff;
    if (count > this.#high - this.#base) return null;
    if (count === 0) return [];
    this.#base += count;
    this.#next = Math.max(this.#next, this.#base);
    this.#triesWithoutProgress = 0;
    if (this.#timed !== null && this.#timed.number < this.#base) {
      this.#roundTrip.sample(nowMs - this.#timed.atMs);
      this.#timed = null;
    }
    this.#restartTimeout(nowMs);
    return this.#items.splice(0, count);
  }

  /** Goes back to the number that the other side wants; false if that is acknowledged already or was never sent. */
  goBack(wanted: number, nowMs: number): boolean {
    const count = (wanted - this.#base) & 0xff;
    if (count > this.#high - this.#base) return false;
    this.#rewind(this.#base + count, nowMs);
    return true;
  }

  /** What is to go out now. */
  due(nowMs: number): DataToSend<T>[] {
    if (this.#isHeldUp) return this.#ask(nowMs);
    if (this.#timeoutAtMs !== null && nowMs >= this.#timeoutAtMs) {
      this.#triesWithoutProgress++;
      this.#triesUnheard++;
      this.#rewind(this.#base, nowMs);
    }
    const due: DataToSend<T>[] = [];
    const end = this.#base + Math.min(this.#items.length, this.#window);
    while (this.#next < end) due.push(this.#send(this.#next++, nowMs));
    if (due.length > 0) this.#restartTimeout(nowMs);
    return due;
  }

  /** Whether the other side, which asked to wait, is to be asked now although nothing of this side is on its way. */
  asksInVain(nowMs: number): boolean {
    if (!this.#isHeldUp || this.#askAtMs === null || nowMs < this.#askAtMs) return false;
    this.#askAtMs = nowMs + LINK_LIMITS.askIntervalMs;
    this.#triesUnheard++;
    return true;
  }

  #ask(nowMs: number): DataToSend<T>[] {
    if (this.#high === this.#base || this.#askAtMs === null || nowMs < this.#askAtMs) return [];
    this.#askAtMs = nowMs + LINK_LIMITS.askIntervalMs;
    this.#triesUnheard++;
    this.#timed = null;
    return [{ number: this.#base, again: true, item: this.#items[0]! }];
  }

  #send(number: number, nowMs: number): DataToSend<T> {
    const again = number < this.#high;
    if (!again) {
      this.#high = number + 1;
      this.#timed ??= { number, atMs: nowMs };
    }
    return { number, again, item: this.#items[number - this.#base]! };
  }

  /** A frame that went out twice tells nothing of the round trip (Karn's rule). */
  #rewind(number: number, nowMs: number): void {
    this.#next = Math.min(number, this.#next);
    if (this.#next < this.#high) this.#timed = null;
    this.#restartTimeout(nowMs);
  }

  #restartTimeout(nowMs: number): void {
    const inFlight = this.#high - this.#base;
    if (inFlight === 0) {
      this.#timeoutAtMs = null;
      return;
    }
    const timeoutMs = this.#roundTrip.timeoutMs * 2 ** Math.min(this.#triesWithoutProgress, 10);
    this.#timeoutAtMs = nowMs + Math.min(timeoutMs, LINK_LIMITS.timeoutMsMax) + inFlight * this.#frameMs;
  }
}
