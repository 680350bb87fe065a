import { encodeFrame, FrameSplitter } from '../../../firmware-bridge/host/frame/index.ts';
import { type HeardFrame, type LinkEvent, LinkState } from '../../../firmware-bridge/host/link/index.ts';
import { Counters } from '../../../src/errors/index.ts';
import type { LineEnd, SerialLine } from '../uno/serial-line.ts';

/** The host's link alone: takes what comes and acknowledges it at once. For measuring a board that sends raw DATA. */
export class LinkEnd implements LineEnd {
  /** Payload bytes taken, in order. */
  payloadBytes = 0;
  frames = 0;
  /** Payloads that are not the next of the sender's series: a link that loses or repeats. */
  outOfOrder = 0;
  readonly counters = new Counters();
  readonly #line: SerialLine;
  readonly #link: LinkState<never>;
  readonly #splitter: FrameSplitter;

  constructor(line: SerialLine, window: number) {
    this.#line = line;
    this.#splitter = new FrameSplitter({ mtu: 250 }, this.counters);
    this.#link = new LinkState(
      { sendWindow: window, receiveWindow: window, mayHold: () => true },
      this.counters,
      line.nowMs,
    );
  }

  take(bytes: Uint8Array, nowMs: number): void {
    const noiseBefore = this.#noise();
    for (const found of this.#splitter.push(bytes)) {
      if (found.kind !== 'frame') continue;
      const { type, seq, ack, notReady, payload } = found.frame;
      if (type !== 'data' && type !== 'ack' && type !== 'nak') continue;
      const frame: HeardFrame = { type, seq, ack, notReady, payload };
      this.#handle({ kind: 'frame', frame }, nowMs);
      this.#handle({ kind: 'wake' }, nowMs);
    }
    this.#handle({ kind: 'bytes', isDamaged: this.#noise() > noiseBefore }, nowMs);
  }

  #noise(): number {
    return Object.entries(this.counters.snapshot())
      .filter(([code]) => code.startsWith('frame.'))
      .reduce((sum, [, count]) => sum + count, 0);
  }

  advance(nowMs: number): void {
    const { wakeAtMs } = this.#link;
    if (wakeAtMs !== null && wakeAtMs <= nowMs) this.#handle({ kind: 'wake' }, nowMs);
  }

  #handle(event: LinkEvent<never>, nowMs: number): void {
    for (const effect of this.#link.handle(event, nowMs)) {
      if (effect.kind === 'transmit') {
        const { type, seq, ack, notReady, again } = effect.frame;
        this.#line.write(encodeFrame({ type, seq, ack, notReady, again, payload: new Uint8Array() }));
      } else if (effect.kind === 'deliver') {
        this.#taken(effect.payload);
        this.#handle({ kind: 'taken' }, nowMs);
        this.#handle({ kind: 'done', number: effect.number }, nowMs);
      }
    }
  }

  #taken(payload: Uint8Array): void {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    if (view.getUint32(0, true) !== this.frames) this.outOfOrder += 1;
    this.frames += 1;
    this.payloadBytes += payload.length;
  }
}
