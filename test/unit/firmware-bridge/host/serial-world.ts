import {
  type DeviceCommand,
  type DeviceId,
  DeviceSessionState,
  type GapEffect,
  type KnownDevice,
  type ReadingEffect,
  type SessionEffect,
  type SessionEvent,
  type SessionOptions,
  type Ticket,
} from '../../../../firmware-bridge/host/session/index.ts';
import { type LineFaults, NoisyLine, seededRandom } from './noisy-line.ts';
import { ScriptedDevice, type ScriptedTopic } from './scripted-device.ts';

export const DEVICE_ID = '5ed6e00000000001' as DeviceId;
export const OTHER_ID = '5ed6e00000000002' as DeviceId;
export const DEVICE_KEY = Uint8Array.from({ length: 16 }, (_, at) => at);
export const TOPICS: readonly ScriptedTopic[] = [
  { id: 1, kind: 0, name: 'greenhouse/temp', type: 'float', unit: '°C' },
  { id: 2, kind: 0, name: 'greenhouse/door', type: 'text', unit: '' },
  { id: 9, kind: 1, name: 'relay', type: 'bool', unit: '' },
];
const UTC_MS = 1_790_000_000_000;
const STEP_MS_MIN = 0.05;

type Mutable<T> = { -readonly [key in keyof T]: T[key] };
type OfKind<K extends SessionEffect['kind']> = Extract<SessionEffect, { kind: K }>;

/** How a world is set up. */
export interface WorldOptions {
  readonly seed?: number;
  readonly faults?: LineFaults;
  readonly session?: SessionOptions;
  /** After so long, at most, the bridge answers. @defaultValue 0: at once */
  readonly doneMsMax?: number;
  readonly device?: ScriptedDevice;
}

/** A host's session and a device on virtual time, with a line between them and a bridge that takes everything. */
export class SerialWorld {
  readonly book = new Map<DeviceId, Mutable<KnownDevice>>();
  readonly toHost: NoisyLine;
  readonly toDevice: NoisyLine;
  readonly effects: SessionEffect[] = [];
  readonly #options: WorldOptions;
  readonly #random: () => number;
  readonly #answers: { readonly atMs: number; readonly ticket: Ticket; readonly note: () => void }[] = [];
  session: DeviceSessionState;
  device: ScriptedDevice;
  nowMs = 0;
  /** Whether the bridge answers at all. */
  answers = true;
  /** Readings that the bridge refuses. */
  refuses: (reading: ReadingEffect) => boolean = () => false;
  /** Sees all bytes to the host, and may change them. */
  tap: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    this.#random = seededRandom(options.seed ?? 1);
    this.toHost = new NoisyLine(options.faults ?? {}, this.#random);
    this.toDevice = new NoisyLine(options.faults ?? {}, this.#random);
    this.device = options.device ?? new ScriptedDevice({ id: DEVICE_ID, key: DEVICE_KEY, topics: TOPICS });
    this.know(DEVICE_ID, DEVICE_KEY);
    this.session = this.#newSession();
  }

  know(id: DeviceId, key: Uint8Array): void {
    this.book.set(id, { id, key, epoch: 0, readingsDone: 0, topicsCrc: null, topics: [] });
  }

  /** The agent starts anew: the book is what is left. */
  restartHost(): void {
    this.#answers.length = 0;
    this.session = this.#newSession();
    this.tell({ kind: 'opened' });
  }

  tell(event: SessionEvent): SessionEffect[] {
    const effects = this.session.handle(event, this.nowMs);
    for (const effect of effects) {
      this.effects.push(effect);
      this.#carryOut(effect);
    }
    return effects;
  }

  command(command: Partial<DeviceCommand> & { readonly id: number }): void {
    const plain = { name: 'relay', args: Uint8Array.of(0xf5), expiresAtMs: null, sentInEpoch: null };
    this.tell({ kind: 'command', command: { ...plain, ...command } });
  }

  /** Bytes of an attacker, straight to the host. */
  inject(bytes: Uint8Array): SessionEffect[] {
    return this.tell({ kind: 'bytes', bytes });
  }

  /** Lets time pass, until a condition holds if one is given; says whether it did. */
  run(ms: number, until: () => boolean = () => false): boolean {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      this.#step();
      if (until()) return true;
      this.nowMs = Math.min(Math.max(this.nowMs + STEP_MS_MIN, this.#nextMs()), endMs);
    }
    this.#step();
    return until();
  }

  of<K extends SessionEffect['kind']>(kind: K): OfKind<K>[] {
    return this.effects.filter((effect): effect is OfKind<K> => effect.kind === kind);
  }

  /** Readings that were handed on for the first time, as texts. */
  readings(): string[] {
    return this.of('reading').map(({ payload }) => Buffer.from(payload).toString());
  }

  /** Gaps in short: epoch:first-last reason. */
  gaps(): string[] {
    return this.of('gap').map(gapText);
  }

  alarms(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { cause, count } of this.of('alarm')) counts[cause] = (counts[cause] ?? 0) + count;
    return counts;
  }

  #newSession(): DeviceSessionState {
    const view = {
      deviceOf: (id: DeviceId) => this.book.get(id) ?? null,
      randomBytes: (length: number) => Uint8Array.from({ length }, () => Math.floor(this.#random() * 256)),
      utcMs: () => UTC_MS + Math.round(this.nowMs),
    };
    return new DeviceSessionState(view, this.#options.session);
  }

  #step(): void {
    const { nowMs } = this;
    const bytes = this.tap(this.toHost.receive(nowMs));
    if (bytes.length > 0) this.tell({ kind: 'bytes', bytes });
    for (let at = 0; at < this.#answers.length; at++) {
      const answer = this.#answers[at]!;
      if (answer.atMs > nowMs) continue;
      this.#answers.splice(at--, 1);
      this.#answer(answer.ticket, answer.note);
    }
    if ((this.session.wakeAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) {
      this.tell({ kind: 'wake' });
      const wakeAtMs = this.session.wakeAtMs ?? Number.POSITIVE_INFINITY;
      if (wakeAtMs <= nowMs) throw new Error(`asks to be woken again and again at ${nowMs} ms`);
    }
    const toDevice = this.toDevice.receive(nowMs);
    if (toDevice.length > 0) this.device.receive(toDevice, nowMs);
    this.device.wake(nowMs);
    const output = this.device.output();
    if (output.length > 0) this.toHost.send(output, nowMs);
  }

  #nextMs(): number {
    const times = [
      this.session.wakeAtMs,
      this.device.wakeAtMs,
      this.toHost.arrivesAtMs,
      this.toDevice.arrivesAtMs,
      ...this.#answers.map(({ atMs }) => atMs),
    ];
    return Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
  }

  #carryOut(effect: SessionEffect): void {
    if (effect.kind === 'write') this.toDevice.send(effect.bytes, this.nowMs);
    if (effect.kind === 'topics') {
      Object.assign(this.book.get(effect.deviceId)!, { topics: effect.topics, topicsCrc: effect.topicsCrc });
    }
    if (!('ticket' in effect) || effect.ticket === null || !this.answers) return;
    const { ticket } = effect;
    if (effect.kind === 'reading' && this.refuses(effect)) {
      this.tell({ kind: 'refused', ticket });
      return;
    }
    const note = () => {
      if (effect.kind !== 'greeting') return;
      const known = this.book.get(effect.device.id)!;
      if (known.epoch !== effect.device.epoch)
        Object.assign(known, { epoch: effect.device.epoch, readingsDone: 0 });
    };
    const { doneMsMax = 0 } = this.#options;
    if (doneMsMax === 0) this.#answer(ticket, note);
    else this.#answers.push({ atMs: this.nowMs + this.#random() * doneMsMax, ticket, note });
  }

  #answer(ticket: Ticket, note: () => void): void {
    note();
    this.tell({ kind: 'done', ticket });
    const known = this.session.device === null ? undefined : this.book.get(this.session.device.id);
    if (known !== undefined && known.epoch === this.session.device?.epoch) {
      known.readingsDone = Math.max(known.readingsDone, this.session.readingsDone);
    }
  }
}

function gapText({ epoch, throughEpoch, first, last, reason }: GapEffect): string {
  return `${epoch}${throughEpoch === undefined ? '' : `..${throughEpoch}`}:${first}-${last ?? ''} ${reason}`;
}
