import {
  crc16,
  encodeFrame,
  type Frame,
  FrameSplitter,
} from '../../../../firmware-bridge/host/frame/index.ts';
import { type LinkEffect, type LinkFrame, LinkState } from '../../../../firmware-bridge/host/link/index.ts';
import {
  type AsconAead,
  DIRECTIONS,
  deriveSessionKey,
  helloTag,
  openRecord,
  provisionedPayload,
  type RecordToSeal,
  sealRecord,
  sessionAead,
  writeUint,
} from '../../../../firmware-bridge/host/seal/index.ts';
import {
  type DeviceValue,
  decodeDeviceValue,
  encodeDeviceValue,
  type HostValue,
} from '../../../../firmware-bridge/host/value/index.ts';
import { fromHex } from '../../../../src/bytes/index.ts';
import { Counters } from '../../../../src/errors/index.ts';

/** What a scripted device registers. */
export interface ScriptedTopic {
  readonly id: number;
  readonly kind: 0 | 1;
  readonly name: string;
  readonly type: string;
  readonly unit: string;
}

/** How a scripted device is built. */
export interface ScriptedDeviceOptions {
  /** 16 hexadecimal digits. */
  readonly id: string;
  /** `null` for a fresh one. */
  readonly key: Uint8Array | null;
  readonly epoch?: number;
  readonly topics?: readonly ScriptedTopic[];
  readonly protocol?: number;
  readonly silenceSeconds?: number;
  /** Readings that it keeps; the oldest is dropped. */
  readonly ringSize?: number;
}

type Outgoing =
  | { readonly kind: 'reading'; readonly counter: number; readonly payload: () => Uint8Array }
  | { readonly kind: 'other'; readonly record: () => Pick<RecordToSeal, 'type' | 'value' | 'topicId'> };

interface Reading {
  readonly counter: number;
  readonly topicId: number;
  readonly t: number;
  readonly value: Uint8Array;
  readonly signature: Uint8Array | null;
}

const NOTHING = new Uint8Array(0);
const HELLO_BOUND_BYTES = 11;

/** A device in TypeScript, by the README of the protocol: what a test needs where no firmware runs. */
export class ScriptedDevice {
  readonly counters = new Counters();
  readonly #options: Required<ScriptedDeviceOptions>;
  readonly #splitter = new FrameSplitter({ mtu: 250 }, this.counters);
  #id: Uint8Array;
  #key: Uint8Array | null;
  epoch: number;
  session = 0;
  /** Last counter of a reading in this epoch. */
  counter = 0;
  #previous = 0;
  #dropped = 0;
  #bootedAtMs = 0;
  #resetAtMs: number | null = 0;
  #hello: Uint8Array | null = null;
  #answer: Uint8Array = NOTHING;
  #aead: AsconAead | null = null;
  #link: LinkState<Outgoing> | null = null;
  #isWelcome = false;
  #others = 0;
  #hostCounter = 0;
  /** Taken and not acknowledged. */
  readings: Reading[] = [];
  #gap: { first: number; last: number } | null = null;
  /** Counter of the last reading that was given to the link. */
  #queued = 0;
  #out: Uint8Array[] = [];
  /** Commands that came, in order; each is done once. */
  readonly commands: { readonly id: number; readonly deadline: number; readonly args: DeviceValue }[] = [];
  readonly #results = new Map<number, HostValue[]>();
  /** It neither hears nor says anything. */
  isAsleep = false;
  /** Answers a command: status and value. */
  onCommand: (args: DeviceValue) => HostValue[] = () => [0];

  constructor(options: ScriptedDeviceOptions) {
    this.#options = {
      epoch: 1,
      topics: [],
      protocol: 1,
      silenceSeconds: 0,
      ringSize: 1_000,
      ...options,
    };
    this.#id = fromHex(options.id)!;
    this.#key = options.key;
    this.epoch = this.#options.epoch;
  }

  get wakeAtMs(): number {
    if (this.isAsleep) return Number.POSITIVE_INFINITY;
    return this.#link?.wakeAtMs ?? this.#resetAtMs ?? Number.POSITIVE_INFINITY;
  }

  get isOnline(): boolean {
    return this.#isWelcome;
  }

  /** What goes over the wire now. */
  output(): Uint8Array {
    const bytes = new Uint8Array(Buffer.concat(this.#out));
    this.#out = [];
    return bytes;
  }

  /** Starts anew: the next epoch, nothing kept but what the memory holds. */
  reboot(nowMs: number, { keepsCounter = false, epoch = this.epoch + 1 } = {}): void {
    this.#previous = keepsCounter ? this.counter : 0;
    this.epoch = epoch;
    this.session = 0;
    this.counter = 0;
    this.#dropped = 0;
    this.readings = [];
    this.#gap = null;
    this.#results.clear();
    this.#bootedAtMs = nowMs;
    this.loseSession(nowMs);
  }

  loseSession(nowMs: number): void {
    this.#link = null;
    this.#aead = null;
    this.#hello = null;
    this.#isWelcome = false;
    this.#resetAtMs = nowMs;
  }

  /** Takes a reading; a full ring drops its oldest that is not on its way. */
  publish(topicId: number, value: Uint8Array, nowMs: number, signature: Uint8Array | null = null): void {
    this.counter++;
    if (this.readings.length >= this.#options.ringSize) {
      const at = this.readings.findIndex(({ counter }) => counter > this.#queued);
      const [dropped] = this.readings.splice(Math.max(at, 0), 1);
      this.#dropped++;
      this.#gap = { first: this.#gap?.first ?? dropped!.counter, last: dropped!.counter };
    }
    const t = (nowMs - this.#bootedAtMs) % 2 ** 32;
    this.readings.push({ counter: this.counter, topicId, t, value, signature });
  }

  /** A record of any shape, as a device with mistakes would send it. */
  sendOther(record: Pick<RecordToSeal, 'type' | 'value' | 'topicId'>, nowMs: number): void {
    this.#run({ kind: 'send', item: { kind: 'other', record: () => record } }, nowMs);
  }

  print(text: string): void {
    this.#out.push(new Uint8Array(Buffer.from(text)));
  }

  receive(bytes: Uint8Array, nowMs: number): void {
    if (this.isAsleep) return;
    for (const found of this.#splitter.push(bytes))
      if (found.kind === 'frame') this.#onFrame(found.frame, nowMs);
  }

  wake(nowMs: number): void {
    if (this.isAsleep) return;
    if (this.#link === null) {
      if (this.#resetAtMs === null || nowMs < this.#resetAtMs) return;
      this.#resetAtMs = nowMs + 1_000;
      this.#send('reset', Uint8Array.of(this.#options.protocol, 1));
      return;
    }
    if (this.#isWelcome) this.#feed(nowMs);
    this.#run({ kind: 'wake' }, nowMs);
  }

  #feed(nowMs: number): void {
    for (const reading of this.readings) {
      if ((this.#link?.pending ?? 8) >= 8) return;
      if (reading.counter <= this.#queued) continue;
      if (this.#gap !== null && this.#gap.first < reading.counter) {
        const { first, last } = this.#gap;
        this.#gap = null;
        this.sendOther({ type: 'gap', topicId: 0, value: encodeDeviceValue([first, last])! }, nowMs);
      }
      this.#queued = reading.counter;
      this.#run({ kind: 'send', item: this.#outgoing(reading) }, nowMs);
    }
  }

  #outgoing({ counter, topicId, t, value, signature }: Reading): Outgoing {
    const aead = this.#aead!;
    const { epoch } = this;
    const record = { type: 'reading', topicId, counter, t, value, signature } as const;
    const payload = () => sealRecord(record, { aead, epoch }, DIRECTIONS.reading);
    return { kind: 'reading', counter, payload };
  }

  #onFrame(frame: Frame, nowMs: number): void {
    if (frame.type === 'hello') this.#onHello(frame.payload, nowMs);
    if (frame.type === 'provision') this.#onProvision(frame.payload, nowMs);
    if (frame.type !== 'data' && frame.type !== 'ack' && frame.type !== 'nak') return;
    if (this.#link === null) {
      this.#send('reset', Uint8Array.of(this.#options.protocol, 1));
      return;
    }
    this.#run({ kind: 'frame', frame: { ...frame, type: frame.type } }, nowMs);
  }

  #onHello(hello: Uint8Array, nowMs: number): void {
    const nonce = hello.subarray(1, 9);
    const isSame = this.#hello !== null && Buffer.compare(this.#hello.subarray(1, 9), nonce) === 0;
    if (!isSame) {
      this.session++;
      this.#hello = hello.slice();
      this.#isWelcome = false;
      this.#others = 0;
      this.#hostCounter = 0;
      this.#queued = 0;
      this.#link = new LinkState<Outgoing>(
        { sendWindow: Math.min(4, hello[10]!), receiveWindow: 4, timeoutMsMin: 100, timeoutMsMax: 100 },
        this.counters,
        nowMs,
      );
      this.#answer = this.#helloAck(nonce);
    }
    this.#send('hello-ack', this.#answer);
  }

  #helloAck(hostNonce: Uint8Array): Uint8Array {
    const { protocol, silenceSeconds } = this.#options;
    const answer = new Uint8Array(37);
    answer[0] = protocol;
    if (this.#key !== null) answer.set(this.#id, 1);
    const put = (at: number, value: number, length: number) => writeUint(answer, at, { value, length });
    put(9, 0x010203, 4);
    put(13, this.epoch, 4);
    put(17, this.session, 4);
    answer[21] = (this.#key === null ? 2 : 0) | (silenceSeconds > 0 ? 4 : 0);
    answer.set([64, 4, 1], 22);
    put(25, crc16(new Uint8Array(Buffer.concat(this.#topicValues()))), 2);
    put(27, this.readings.length, 2);
    put(29, this.#dropped, 2);
    put(31, this.#previous, 4);
    put(35, silenceSeconds, 2);
    if (this.#key === null) return new Uint8Array(Buffer.concat([answer, new Uint8Array(8)]));
    const { epoch, session } = this;
    this.#aead = sessionAead(deriveSessionKey(this.#key, { deviceId: this.#id, hostNonce, epoch, session }));
    const greeted = { epoch, hello: this.#hello!.subarray(0, HELLO_BOUND_BYTES), answer };
    return new Uint8Array(Buffer.concat([answer, helloTag(this.#aead, greeted)]));
  }

  #onProvision(payload: Uint8Array, nowMs: number): void {
    const offer = {
      deviceId: payload.slice(0, 8),
      key: payload.slice(8, 24),
      epochFloor: new DataView(payload.buffer, payload.byteOffset).getUint32(24, true),
    };
    if (this.#key !== null) return;
    this.#id = offer.deviceId;
    this.#key = offer.key;
    this.#send('provisioned', provisionedPayload(offer));
    this.reboot(nowMs + 50, { epoch: offer.epochFloor + 1 });
  }

  #topicValues(): Uint8Array[] {
    const ordered = [...this.#options.topics].sort((a, b) => a.id - b.id);
    return ordered.map(({ id, kind, name, type, unit }) => encodeDeviceValue([id, kind, name, type, unit])!);
  }

  #run(event: Parameters<LinkState<Outgoing>['handle']>[0], nowMs: number): void {
    for (const effect of this.#link?.handle(event, nowMs) ?? []) this.#carryOut(effect, nowMs);
  }

  #carryOut(effect: LinkEffect<Outgoing>, nowMs: number): void {
    if (effect.kind === 'transmit') this.#transmit(effect.frame, nowMs);
    if (effect.kind === 'deliver') this.#deliver(effect.number, effect.payload, nowMs);
    if (effect.kind === 'freed' && effect.item.kind === 'reading') {
      const { counter } = effect.item;
      this.readings = this.readings.filter((reading) => reading.counter !== counter);
    }
    if (effect.kind === 'over') this.loseSession(nowMs);
  }

  #transmit({ item, ...header }: LinkFrame<Outgoing>, nowMs: number): void {
    if (item === null || item.kind === 'reading') {
      this.#out.push(encodeFrame({ ...header, payload: item === null ? NOTHING : item.payload() }));
      return;
    }
    const record = { counter: ++this.#others, t: (nowMs - this.#bootedAtMs) % 2 ** 32, signature: null };
    const seal = { aead: this.#aead!, epoch: this.epoch };
    this.#out.push(
      encodeFrame({
        ...header,
        payload: sealRecord({ ...record, ...item.record() }, seal, DIRECTIONS.device),
      }),
    );
  }

  #deliver(number: number, payload: Uint8Array, nowMs: number): void {
    const record = openRecord(payload, { aead: this.#aead!, epoch: this.epoch }, () => DIRECTIONS.host);
    if (typeof record === 'string' || record.counter <= this.#hostCounter) {
      this.#run({ kind: 'refused' }, nowMs);
      return;
    }
    this.#hostCounter = record.counter;
    this.#run({ kind: 'taken' }, nowMs);
    const decoded = decodeDeviceValue(record.value);
    const items = decoded.ok && Array.isArray(decoded.value) ? (decoded.value as DeviceValue[]) : [];
    if (record.type === 'welcome') this.#onWelcome(items[0] === true, nowMs);
    if (record.type === 'time') this.#sendTime(items[0] as number, nowMs);
    if (record.type === 'command') this.#onCommandRecord(items, record.topicId, nowMs);
    this.#run({ kind: 'done', number }, nowMs);
  }

  #onWelcome(isTopicsWanted: boolean, nowMs: number): void {
    this.#isWelcome = true;
    this.#sendTime(0, nowMs);
    if (!isTopicsWanted) return;
    for (const value of this.#topicValues()) this.sendOther({ type: 'register', topicId: 0, value }, nowMs);
  }

  #sendTime(n: number, nowMs: number): void {
    this.sendOther({ type: 'time', topicId: 0, value: encodeDeviceValue([n])! }, nowMs);
  }

  #onCommandRecord([id, deadline, args]: readonly DeviceValue[], topicId: number, nowMs: number): void {
    if (!this.#results.has(id as number)) {
      const isLate = deadline !== 0 && nowMs - this.#bootedAtMs > (deadline as number);
      if (!isLate) this.commands.push({ id: id as number, deadline: deadline as number, args: args ?? null });
      this.#results.set(id as number, isLate ? [3] : this.onCommand(args ?? null));
    }
    const value = encodeDeviceValue([id as number, ...this.#results.get(id as number)!])!;
    this.sendOther({ type: 'command-result', topicId, value }, nowMs);
  }

  #send(type: Frame['type'], payload: Uint8Array): void {
    this.#out.push(encodeFrame({ type, seq: 0, ack: 0, notReady: false, again: false, payload }));
  }
}
