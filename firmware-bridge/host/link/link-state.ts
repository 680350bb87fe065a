import { assertNever, type Counters } from '../../../src/errors/index.ts';
import type { HeardFrame, LinkEffect, LinkEnd, LinkEvent, LinkFrame } from './link-events.ts';
import { LINK_LIMITS, type LinkOptions } from './link-options.ts';
import { ReceiveWindow } from './receive-window.ts';
import { type DataToSend, SendWindow } from './send-window.ts';

/**
 * One session of the link, either direction, without any I/O: go-back-N with 8-bit numbers. What the other side sends
 * is delivered in order and once; it is acknowledged only when `done` says that it may be forgotten.
 */
export class LinkState<T> {
  readonly #sending: SendWindow<T>;
  readonly #receiving: ReceiveWindow;
  readonly #counters: Counters;
  #effects: LinkEffect<T>[] = [];
  #acknowledged = 0;
  #saidNotReady = false;
  /** When an acknowledgement that waits for a frame to carry it goes alone. */
  #ackAtMs: number | null = null;
  #lastSentMs: number;
  #lostCountInRow = 0;
  #isOver = false;

  constructor(options: LinkOptions, counters: Counters, nowMs: number) {
    this.#sending = new SendWindow(options);
    this.#receiving = new ReceiveWindow(options);
    this.#counters = counters;
    this.#lastSentMs = nowMs;
  }

  /** What is sent and not acknowledged, or waits. */
  get pending(): number {
    return this.#sending.pending;
  }

  /** When to come with `wake`; `null` once it is over. */
  get wakeAtMs(): number | null {
    if (this.#isOver) return null;
    const times = [this.#ackAtMs, this.#sending.wakeAtMs, this.#lastSentMs + LINK_LIMITS.heartbeatMs];
    if (!this.#saidNotReady) times.push(this.#receiving.patienceEndsAtMs, this.#receiving.quietEndsAtMs);
    return times.reduce((first, time) => (first === null || (time !== null && time < first) ? time : first));
  }

  handle(event: LinkEvent<T>, nowMs: number): LinkEffect<T>[] {
    if (this.#isOver) return [];
    this.#effects = [];
    this.#react(event, nowMs);
    return this.#effects;
  }

  #react(event: LinkEvent<T>, nowMs: number): void {
    switch (event.kind) {
      case 'frame':
        this.#onFrame(event.frame, nowMs);
        break;
      case 'bytes':
        this.#receiving.heard(event.isDamaged, nowMs);
        break;
      case 'taken':
        this.#receiving.take(nowMs);
        this.#release();
        break;
      case 'refused':
        this.#receiving.refuse();
        break;
      case 'done':
        this.#onDone(event.number, nowMs);
        break;
      case 'send':
        this.#sending.add(event.item);
        break;
      case 'room':
        this.#receiving.setRoom(event.hasRoom);
        break;
      case 'wake':
        this.#onWake(nowMs);
        break;
      default:
        assertNever(event);
    }
  }

  /** The second that waits for its acknowledgement gets it at once; one alone waits for a frame to carry it. */
  #onDone(number: number, nowMs: number): void {
    if (!this.#receiving.finish(number)) return;
    const unsaid = this.#receiving.done - this.#acknowledged;
    this.#owe(nowMs, unsaid >= 2 ? 0 : LINK_LIMITS.ackDelayMs);
  }

  #onFrame(frame: HeardFrame, nowMs: number): void {
    this.#sending.heard(frame.notReady, nowMs);
    this.#receiving.heard(false, nowMs);
    const freed = this.#sending.acknowledge(frame.ack, nowMs);
    if (freed === null) this.#counters.count('link.bad-ack');
    else for (const item of freed) this.#effects.push({ kind: 'freed', item });
    if (frame.type === 'nak') this.#onNak(frame.seq, nowMs);
    if (frame.type === 'data') this.#onData(frame, nowMs);
  }

  /** A number below the window was acknowledged by who wants it now: the two sides will never agree again. */
  #onNak(wanted: number, nowMs: number): void {
    if (this.#sending.goBack(wanted, nowMs)) {
      this.#lostCountInRow = 0;
      return;
    }
    this.#counters.count('link.bad-ack');
    if (++this.#lostCountInRow >= LINK_LIMITS.absurdFrames) this.#end('lost-count');
  }

  #onData({ seq, payload }: HeardFrame, nowMs: number): void {
    const arrival = this.#receiving.arrival(seq);
    switch (arrival) {
      case 'wanted':
        this.#effects.push({ kind: 'deliver', number: this.#receiving.wanted, payload });
        break;
      case 'duplicate':
        this.#counters.count('link.duplicate');
        this.#owe(nowMs, 0);
        break;
      case 'no-room':
        this.#counters.count('link.no-room');
        this.#owe(nowMs, 0);
        break;
      case 'ahead':
        this.#counters.count('link.gap');
        this.#receiving.hold(seq, payload);
        if (this.#receiving.asks(seq, nowMs))
          this.#transmit({ type: 'nak', seq: this.#receiving.wanted }, nowMs);
        break;
      case 'absurd':
        this.#counters.count('link.out-of-window');
        break;
      default:
        assertNever(arrival);
    }
  }

  /** What came before its turn follows what it waited for. */
  #release(): void {
    const payload = this.#receiving.release();
    if (payload !== null) this.#effects.push({ kind: 'deliver', number: this.#receiving.wanted, payload });
  }

  /** Sends all that is due; at most one frame that says nothing but an acknowledgement. */
  #onWake(nowMs: number): void {
    const end = this.#receiving.end ?? (this.#sending.isHopeless ? 'no-answer' : null);
    if (end !== null) {
      this.#end(end);
      return;
    }
    const due = this.#sending.due(nowMs);
    // Where so many bytes are lost that long frames rarely get through, a short one shows that this side is there.
    if (this.#sending.isStruggling && due[0]?.again) this.#transmit({ type: 'ack' }, nowMs);
    for (const data of due) this.#sendData(data, nowMs);
    if (!this.#saidNotReady && this.#receiving.asksQuietly(nowMs)) {
      this.#transmit({ type: 'nak', seq: this.#receiving.wanted }, nowMs);
    }
    const isDue =
      (this.#ackAtMs !== null && nowMs >= this.#ackAtMs) ||
      this.#receiving.isNotReady(nowMs) !== this.#saidNotReady ||
      this.#sending.asksInVain(nowMs) ||
      nowMs >= this.#lastSentMs + LINK_LIMITS.heartbeatMs;
    if (isDue) this.#transmit({ type: 'ack' }, nowMs);
  }

  #sendData({ number, again, item }: DataToSend<T>, nowMs: number): void {
    this.#transmit({ type: 'data', seq: number, again, item }, nowMs);
  }

  #owe(nowMs: number, delayMs: number): void {
    this.#ackAtMs = Math.min(this.#ackAtMs ?? Number.POSITIVE_INFINITY, nowMs + delayMs);
  }

  #transmit(fields: Pick<LinkFrame<T>, 'type'> & Partial<LinkFrame<T>>, nowMs: number): void {
    this.#acknowledged = this.#receiving.done;
    this.#saidNotReady = this.#receiving.isNotReady(nowMs);
    this.#ackAtMs = null;
    this.#lastSentMs = nowMs;
    const { type, seq = this.#sending.high, again = false, item = null } = fields;
    const ack = this.#acknowledged & 0xff;
    this.#effects.push({
      kind: 'transmit',
      frame: { type, seq: seq & 0xff, ack, notReady: this.#saidNotReady, again, item },
    });
  }

  #end(cause: LinkEnd): void {
    this.#isOver = true;
    this.#effects.push({ kind: 'over', cause });
  }
}
