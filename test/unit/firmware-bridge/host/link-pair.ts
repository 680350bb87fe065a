import { encodeFrame, FrameSplitter } from '../../../../firmware-bridge/host/frame/index.ts';
import {
  type LinkEffect,
  type LinkEnd,
  type LinkOptions,
  LinkState,
} from '../../../../firmware-bridge/host/link/index.ts';
import { AsconAead } from '../../../../firmware-bridge/host/seal/index.ts';
import { Counters } from '../../../../src/errors/index.ts';
import { type LineFaults, NoisyLine, seededRandom } from './noisy-line.ts';

/** Both ends of a link know it, as those of a session do. */
const AEAD = new AsconAead(new Uint8Array(16).fill(1), 8);
const PAYLOAD_BYTES = 24;
const NOTHING = new Uint8Array(0);

/** How an end treats what it takes. */
export interface EndOptions extends LinkOptions {
  /** After so long what was taken is done with, at random up to this. */
  readonly doneMsMax: number;
}

/** An end of a link with its counters, and what it took. */
export class TestEnd {
  readonly counters = new Counters();
  readonly taken: number[] = [];
  readonly freed: number[] = [];
  readonly #link: LinkState<number>;
  readonly #splitter = new FrameSplitter({ mtu: 250 }, this.counters);
  readonly #line: NoisyLine;
  readonly #random: () => number;
  readonly #options: EndOptions;
  readonly #unfinished: { readonly atMs: number; readonly number: number }[] = [];
  #sealed = 0;
  over: LinkEnd | null = null;

  constructor(options: EndOptions, line: NoisyLine, random: () => number) {
    this.#options = options;
    this.#line = line;
    this.#random = random;
    this.#link = new LinkState<number>(options, this.counters, 0);
  }

  get pending(): number {
    return this.#link.pending;
  }

  get wakeAtMs(): number {
    const times = [this.#link.wakeAtMs, ...this.#unfinished.map(({ atMs }) => atMs)];
    return Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
  }

  send(item: number, nowMs: number): void {
    this.#carryOut(this.#link.handle({ kind: 'send', item }, nowMs), nowMs);
  }

  setRoom(hasRoom: boolean, nowMs: number): void {
    this.#carryOut(this.#link.handle({ kind: 'room', hasRoom }, nowMs), nowMs);
  }

  receive(bytes: Uint8Array, nowMs: number): void {
    const noiseBefore = this.#noise;
    for (const found of this.#splitter.push(bytes)) {
      if (found.kind !== 'frame') continue;
      const { type, seq, ack, notReady, payload } = found.frame;
      if (type !== 'data' && type !== 'ack' && type !== 'nak') continue;
      const frame = { type, seq, ack, notReady, payload };
      this.#carryOut(this.#link.handle({ kind: 'frame', frame }, nowMs), nowMs);
    }
    if (bytes.length > 0) {
      this.#carryOut(
        this.#link.handle({ kind: 'bytes', isDamaged: this.#noise > noiseBefore }, nowMs),
        nowMs,
      );
    }
  }

  get #noise(): number {
    const counts = Object.entries(this.counters.snapshot());
    return counts.reduce((sum, [code, count]) => sum + (code.startsWith('frame.') ? count : 0), 0);
  }

  wake(nowMs: number): void {
    for (let at = this.#unfinished.length - 1; at >= 0; at--) {
      if (this.#unfinished[at]!.atMs > nowMs) continue;
      for (const { number } of this.#unfinished.splice(at, 1))
        this.#link.handle({ kind: 'done', number }, nowMs);
    }
    this.#carryOut(this.#link.handle({ kind: 'wake' }, nowMs), nowMs);
  }

  #deliver(number: number, payload: Uint8Array, nowMs: number): void {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const nonce = payload.length < 4 ? 0 : view.getUint32(0);
    const text = AEAD.open([nonce, 0, 0, 0], NOTHING, payload.subarray(4));
    if (text === null) {
      this.#link.handle({ kind: 'refused' }, nowMs);
      return;
    }
    this.taken.push(new DataView(text.buffer).getUint32(0));
    this.#unfinished.push({ atMs: nowMs + this.#random() * this.#options.doneMsMax, number });
    this.#carryOut(this.#link.handle({ kind: 'taken' }, nowMs), nowMs);
  }

  #carryOut(effects: readonly LinkEffect<number>[], nowMs: number): void {
    for (const effect of effects) {
      if (effect.kind === 'deliver') this.#deliver(effect.number, effect.payload, nowMs);
      if (effect.kind === 'freed') this.freed.push(effect.item);
      if (effect.kind === 'over') this.over = effect.cause;
      if (effect.kind !== 'transmit') continue;
      const { item, ...header } = effect.frame;
      this.#line.send(
        encodeFrame({ ...header, payload: item === null ? NOTHING : this.#payload(item) }),
        nowMs,
      );
    }
  }

  #payload(item: number): Uint8Array {
    const text = new Uint8Array(PAYLOAD_BYTES);
    new DataView(text.buffer).setUint32(0, item);
    const nonce = ++this.#sealed;
    const payload = new Uint8Array(4 + PAYLOAD_BYTES + 8);
    new DataView(payload.buffer).setUint32(0, nonce);
    payload.set(AEAD.seal([nonce, 0, 0, 0], NOTHING, text), 4);
    return payload;
  }
}

/** What is played. */
export interface PairPlan {
  readonly seed: number;
  readonly faults: LineFaults;
  readonly window: number;
  readonly doneMsMax: number;
  /** Sent by either end. */
  readonly items: number;
  /** The second end has nothing to send. */
  readonly isOneWay?: boolean;
  /** Room comes and goes at both ends. */
  readonly roomComesAndGoes?: boolean;
}

/** What came of it. */
export interface PairOutcome {
  readonly ends: readonly [TestEnd, TestEnd];
  readonly elapsedMs: number;
  readonly bytesSent: number;
}

/** Plays two ends against each other over a line with faults, until all is acknowledged or an hour has passed. */
export function playPair(plan: PairPlan): PairOutcome {
  const { seed, faults, window, doneMsMax, items, isOneWay, roomComesAndGoes } = plan;
  const random = seededRandom(seed);
  const lines = [new NoisyLine(faults, random), new NoisyLine(faults, random)] as const;
  const mayHold = () => seed % 3 > 0;
  const options = { sendWindow: window, receiveWindow: window, mayHold, frameMs: 4, doneMsMax };
  const ends = [new TestEnd(options, lines[0], random), new TestEnd(options, lines[1], random)] as const;
  for (let item = 1; item <= items; item++) {
    ends[0].send(item, 0);
    if (!isOneWay) ends[1].send(item, 0);
  }
  let nowMs = 0;
  let elapsedMs = 0;
  while (nowMs < 3_600_000 && ends.some(({ pending, over }) => pending > 0 && over === null)) {
    elapsedMs = nowMs;
    if (roomComesAndGoes && random() < 0.01) ends[random() < 0.5 ? 0 : 1].setRoom(random() < 0.7, nowMs);
    for (const [index, end] of ends.entries()) {
      end.receive(lines[1 - index]!.receive(nowMs), nowMs);
      end.wake(nowMs);
    }
    const times = [...ends.map(({ wakeAtMs }) => wakeAtMs), ...lines.map(({ arrivesAtMs }) => arrivesAtMs)];
    const next = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
    nowMs = Math.max(nowMs + 0.01, next);
  }
  return { ends, elapsedMs, bytesSent: lines[0].bytesSent + lines[1].bytesSent };
}
