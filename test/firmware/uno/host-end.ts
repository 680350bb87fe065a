import {
  type DeviceCommand,
  type DeviceFacts,
  DeviceSessionState,
  type GapEffect,
  type KnownDevice,
  type ReadingEffect,
  type SessionEffect,
  type SessionEvent,
  type SessionOptions,
  type Ticket,
} from '../../../firmware-bridge/host/session/index.ts';
import { SeededRandom } from '../../../simulations/world/seeded-random.ts';
import type { DeliveryLedger } from './delivery-ledger.ts';

export interface HostEndOptions {
  readonly seed: string;
  /** What the mesh gets. */
  readonly ledger: DeliveryLedger;
  /** What the host knows of devices; kept through its restarts. */
  readonly book: Map<string, KnownDevice>;
  /** Puts bytes on the wire. */
  readonly write: (bytes: Uint8Array) => void;
  /** The port is to be closed and opened again. */
  readonly reopen: () => void;
  readonly session?: SessionOptions;
}

interface Pending {
  readonly at: number;
  readonly carryOut: () => void;
}

/** Milliseconds until a message is durable. */
const DURABLE_MS_MAX = 6;

/**
 * The host's end of a serial line: the real session state, and around it what the bridge does, in virtual time and
 * with a ledger for a mesh. Making a new one with the same book and ledger is a restart of the agent.
 */
export class HostEnd {
  readonly effects: SessionEffect[] = [];
  readonly texts: string[] = [];
  /** Of the session that serves; `null` while there is none. */
  online: DeviceFacts | null = null;
  /** When the last one began. */
  onlineSince = 0;
  readonly state: DeviceSessionState;
  readonly #options: HostEndOptions;
  readonly #random: SeededRandom;
  #pending: Pending[] = [];
  #greeting: { ticket: Ticket; device: DeviceFacts; gaps: number } | null = null;
  #nowMs = 0;
  /** The mesh takes nothing: what was given to it is not done. */
  stalled = false;

  constructor(options: HostEndOptions) {
    this.#options = options;
    this.#random = new SeededRandom(`host ${options.seed}`);
    const view = {
      deviceOf: (id: string) => options.book.get(id) ?? null,
      randomBytes: (length: number) => this.#random.bytes(length),
      utcMs: () => 1_800_000_000_000 + Math.floor(this.#nowMs),
    };
    this.state = new DeviceSessionState(view, options.session);
  }

  /** Tells the session what happened, and does what it wants. */
  handle(event: SessionEvent, nowMs: number): void {
    this.#nowMs = nowMs;
    for (const effect of this.state.handle(event, nowMs)) this.#carryOut(effect);
  }

  command(command: DeviceCommand, nowMs: number): void {
    this.handle({ kind: 'command', command }, nowMs);
  }

  /** What is due by now. */
  advance(nowMs: number): void {
    this.#nowMs = nowMs;
    const due = this.stalled ? [] : this.#pending.filter(({ at }) => at <= nowMs);
    this.#pending = this.#pending.filter((one) => !due.includes(one));
    for (const { carryOut } of due) carryOut();
    const { wakeAtMs } = this.state;
    if (wakeAtMs !== null && wakeAtMs <= nowMs) this.handle({ kind: 'wake' }, nowMs);
  }

  results(): { id: number; status: string; value: string | null }[] {
    return this.effects.filter((effect) => effect.kind === 'result');
  }

  gapReasons(): string[] {
    return this.effects.filter((effect) => effect.kind === 'gap').map(({ reason }) => reason);
  }

  alarms(): string[] {
    return this.effects.filter((effect) => effect.kind === 'alarm').map(({ cause }) => cause);
  }

  #carryOut(effect: SessionEffect): void {
    if (effect.kind !== 'write') this.effects.push(effect);
    switch (effect.kind) {
      case 'write':
        this.#options.write(effect.bytes);
        break;
      case 'greeting':
        this.#greeting = { ticket: effect.ticket, device: effect.device, gaps: 0 };
        this.#later(() => this.#greet());
        break;
      case 'gap':
        this.#takeGap(effect);
        break;
      case 'reading':
        this.#takeReading(effect);
        break;
      case 'result':
        if (effect.ticket !== null) this.#done(effect.ticket);
        break;
      case 'topics':
        this.#change(effect.deviceId, { topics: effect.topics, topicsCrc: effect.topicsCrc });
        break;
      case 'online':
        this.online = effect.device;
        this.onlineSince = this.#nowMs;
        break;
      case 'offline':
        this.online = null;
        break;
      case 'text':
        this.texts.push(effect.text);
        break;
      case 'reopen':
        this.#options.reopen();
        break;
      default:
    }
  }

  #takeReading(reading: ReadingEffect): void {
    const { epoch, counter, payload, ticket, isKnown, deviceId } = reading;
    this.#later(() => {
      if (!isKnown) {
        this.#options.ledger.publish(epoch, counter, Number(Buffer.from(payload).toString()));
      }
      this.#done(ticket);
      // A reading of a session that is over says nothing of the epoch that is served now.
      const isServed = this.online?.epoch === epoch && this.#options.book.get(deviceId)?.epoch === epoch;
      if (isServed) this.#change(deviceId, { readingsDone: this.state.readingsDone });
    });
  }

  #takeGap(gap: GapEffect): void {
    const { ticket, epoch, throughEpoch, first, last } = gap;
    if (this.#greeting !== null) this.#greeting.gaps += 1;
    const greeting = this.#greeting;
    this.#later(() => {
      this.#options.ledger.report({
        epoch,
        first,
        last,
        ...(throughEpoch === undefined ? {} : { throughEpoch }),
      });
      if (greeting !== null) greeting.gaps -= 1;
      this.#done(ticket);
      if (greeting !== null) this.#greet();
    });
  }

  /** The new epoch goes into the book once what the old one lost is in the mesh: a crash between loses nothing. */
  #greet(): void {
    const greeting = this.#greeting;
    if (greeting === null || greeting.gaps > 0) return;
    this.#greeting = null;
    const { id, epoch } = greeting.device;
    const known = this.#options.book.get(id)!;
    if (known.epoch !== epoch) this.#change(id, { epoch, readingsDone: 0 });
    this.#done(greeting.ticket);
  }

  #change(id: string, fields: Partial<KnownDevice>): void {
    this.#options.book.set(id, { ...this.#options.book.get(id)!, ...fields });
  }

  #done(ticket: Ticket): void {
    this.handle({ kind: 'done', ticket }, this.#nowMs);
  }

  #later(carryOut: () => void): void {
    this.#pending.push({ at: this.#nowMs + 1 + this.#random.below(DURABLE_MS_MAX), carryOut });
  }
}
