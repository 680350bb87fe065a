import { assertNever, type Counters, type ErrorCode } from '../../../src/errors/index.ts';
import type { Frame } from '../frame/index.ts';
import { type LinkEffect, type LinkEnd, type LinkEvent, type LinkFrame, LinkState } from '../link/index.ts';
import {
  type AsconAead,
  type DeviceRecord,
  DIRECTIONS,
  deviceDirection,
  isReadingPayload,
  openRecord,
  type RecordToSeal,
  sealRecord,
} from '../seal/index.ts';
import type { AlarmGate } from './alarm-gate.ts';
import type { DeviceClock } from './device-clock.ts';
import type { DeviceCommand, DeviceFacts, KnownDevice } from './device-facts.ts';
import { type HostRecord, timeValue, welcomeValue } from './host-records.ts';
import type { Outbox } from './outbox.ts';
import { decodeResult, decodeStats, decodeTime } from './record-values.ts';
import type { ResetGap } from './reset-gaps.ts';
import { SessionCommands } from './session-commands.ts';
import type { AlarmCause, SessionView, Ticket } from './session-events.ts';
import type { SessionOptions } from './session-options.ts';
import { SessionReadings } from './session-readings.ts';
import { SessionTopics } from './session-topics.ts';
import { TakenFrames } from './taken-frames.ts';
import { TimeExchanges } from './time-exchanges.ts';

/** Who is at the other end of a session, and how it is sealed. */
export interface SessionStart {
  readonly facts: DeviceFacts;
  readonly known: KnownDevice;
  readonly aead: AsconAead;
  readonly clock: DeviceClock;
  /** What earlier epochs lost. */
  readonly gaps: readonly ResetGap[];
}

/** What a session works with. */
export interface SessionDependencies {
  readonly options: Required<SessionOptions>;
  readonly view: SessionView;
  readonly outbox: Outbox;
  readonly counters: Counters;
  readonly alarms: AlarmGate;
  readonly nextTicket: () => Ticket;
}

const NOTHING = new Uint8Array(0);
/** A device that sleeps is awake for so long, at least, after it was heard. */
const AWAKE_MS = 100;
/** A DATA frame of the largest size is so much longer on the wire than its body. */
const WIRE_OVERHEAD_BYTES = 3;
const ALARMS: Partial<Record<ErrorCode, AlarmCause>> = {
  'record.bad-tag': 'bad-tag',
  'record.replayed': 'replayed',
  'record.unsealed': 'unsealed',
};

/** A session with a device that proved who it is: the records that go both ways. */
export class ActiveSession {
  readonly facts: DeviceFacts;
  readonly #start: SessionStart;
  readonly #deps: SessionDependencies;
  readonly #link: LinkState<HostRecord>;
  readonly #topics: SessionTopics;
  readonly #readings: SessionReadings;
  readonly #commands: SessionCommands;
  readonly #times: TimeExchanges;
  readonly #frames: TakenFrames;
  /** What must be durable before the device may send. */
  readonly #greeting = new Set<Ticket>();
  #isServing = false;
  #heardAtMs = 0;
  #lastOther = 0;
  #hostCounter = 0;
  #end: LinkEnd | null = null;

  constructor(start: SessionStart, dependencies: SessionDependencies, nowMs: number) {
    const { facts, known, clock } = start;
    const { options, counters, outbox, nextTicket } = dependencies;
    this.facts = facts;
    this.#start = start;
    this.#deps = dependencies;
    const readingsDone = facts.epoch === known.epoch ? known.readingsDone : 0;
    const byteMs = options.baudRate === 0 ? 0 : 10_000 / options.baudRate;
    const link = {
      sendWindow: Math.min(Math.max(facts.window, 1), options.window),
      receiveWindow: options.window,
      frameMs: (facts.mtu + WIRE_OVERHEAD_BYTES) * byteMs,
      // A reading that goes out again is the same bytes; all else is made anew.
      mayHold: isReadingPayload,
      peerSleeps: facts.sleeps,
    };
    this.#link = new LinkState<HostRecord>(link, counters, nowMs);
    this.#topics = new SessionTopics(facts, known);
    const parts = { facts, clock, topics: this.#topics, outbox };
    this.#readings = new SessionReadings(readingsDone, { ...parts, counters, nextTicket });
    this.#commands = new SessionCommands(options.maxPendingCommands, parts);
    this.#times = new TimeExchanges(options.timeIntervalMs);
    this.#frames = new TakenFrames(readingsDone);
    this.#greet();
  }

  /** Why the link is over; `null` while it is not. */
  get end(): LinkEnd | null {
    return this.#end;
  }

  /** All readings of the epoch up to this are durable or reported. */
  get readingsDone(): number {
    return this.#frames.readingsDone;
  }

  get isServing(): boolean {
    return this.#isServing;
  }

  get wakeAtMs(): number | null {
    // A device that sleeps is asked for its time when it is heard, not before.
    const timesAtMs = this.facts.sleeps ? null : this.#times.wakeAtMs;
    const own = [this.#topics.wakeAtMs, timesAtMs, this.#commands.wakeAtMs, this.#link.wakeAtMs];
    return own.reduce((first, time) => (first === null || (time !== null && time < first) ? time : first));
  }

  /** A frame of the link. */
  hear(frame: Frame & { readonly type: 'data' | 'ack' | 'nak' | 'log' }, nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#tell({ kind: 'frame', frame }, nowMs);
  }

  /** Bytes of the port, before the frames in them. */
  hearBytes(isDamaged: boolean, nowMs: number): void {
    this.#tell({ kind: 'bytes', isDamaged }, nowMs);
  }

  setRoom(hasRoom: boolean, nowMs: number): void {
    this.#tell({ kind: 'room', hasRoom }, nowMs);
  }

  /** False if the ticket is not one of this session. */
  done(ticket: Ticket, nowMs: number): boolean {
    if (this.#greeting.delete(ticket)) {
      if (this.#greeting.size === 0) this.#serve(nowMs);
      return true;
    }
    if (!this.#frames.has(ticket)) return false;
    this.#readings.done(ticket);
    this.#finish(ticket, nowMs);
    return true;
  }

  /** Whether the ticket is of the greeting; of anything else, it is taken for refused. */
  refuse(ticket: Ticket, nowMs: number): boolean {
    if (this.#greeting.has(ticket)) return true;
    if (!this.#frames.has(ticket)) return false;
    const gap = this.#readings.refuse(ticket);
    if (gap !== null) this.#frames.add(gap, ticket);
    this.#finish(ticket, nowMs);
    return false;
  }

  command(command: DeviceCommand): void {
    this.#commands.offer(command);
  }

  /** Commands without a result. */
  commandsLeft(): DeviceCommand[] {
    return this.#commands.left();
  }

  /** Sends all that is due. */
  wake(nowMs: number): void {
    if (this.#isServing) {
      const topics = this.#topics.due(nowMs);
      if (topics !== null) this.#deps.outbox.push(topics);
      const isAwake = !this.facts.sleeps || nowMs - this.#heardAtMs < AWAKE_MS;
      const n = isAwake ? this.#times.due(nowMs) : null;
      if (n !== null) this.#send({ kind: 'time', n }, nowMs);
      for (const record of this.#commands.ready(nowMs)) this.#send(record, nowMs);
    }
    this.#tell({ kind: 'wake' }, nowMs);
  }

  #greet(): void {
    const { outbox, nextTicket } = this.#deps;
    const { facts, gaps } = this.#start;
    const ticket = nextTicket();
    this.#greeting.add(ticket);
    outbox.push({ kind: 'greeting', ticket, device: facts });
    for (const gap of gaps) {
      const gapTicket = nextTicket();
      this.#greeting.add(gapTicket);
      outbox.push({ kind: 'gap', ticket: gapTicket, deviceId: facts.id, reason: 'reset', ...gap });
    }
  }

  #serve(nowMs: number): void {
    this.#isServing = true;
    this.#send({ kind: 'welcome' }, nowMs);
    this.#deps.outbox.push({ kind: 'online', device: this.facts, topics: this.#topics.all });
  }

  #send(item: HostRecord, nowMs: number): void {
    this.#tell({ kind: 'send', item }, nowMs);
  }

  #finish(ticket: Ticket, nowMs: number): void {
    const number = this.#frames.finish(ticket);
    if (number !== null) this.#tell({ kind: 'done', number }, nowMs);
  }

  #tell(event: LinkEvent<HostRecord>, nowMs: number): void {
    for (const effect of this.#link.handle(event, nowMs)) this.#carryOut(effect, nowMs);
  }

  #carryOut(effect: LinkEffect<HostRecord>, nowMs: number): void {
    switch (effect.kind) {
      case 'transmit':
        this.#transmit(effect.frame, nowMs);
        break;
      case 'deliver':
        this.#deliver(effect.number, effect.payload, nowMs);
        break;
      case 'freed':
        break;
      case 'over':
        this.#end = effect.cause;
        break;
      default:
        assertNever(effect);
    }
  }

  #transmit({ item, ...header }: LinkFrame<HostRecord>, nowMs: number): void {
    const payload = item === null ? NOTHING : this.#seal(item, nowMs);
    this.#deps.outbox.send({ ...header, payload });
  }

  #seal(item: HostRecord, nowMs: number): Uint8Array {
    this.#hostCounter++;
    const plain = { topicId: 0, counter: this.#hostCounter, t: 0, signature: null };
    const seal = { aead: this.#start.aead, epoch: this.facts.epoch };
    return sealRecord({ ...plain, ...this.#content(item, nowMs) }, seal, DIRECTIONS.host);
  }

  #content(item: HostRecord, nowMs: number): Pick<RecordToSeal, 'type' | 'value'> & { topicId?: number } {
    const { view, options } = this.#deps;
    switch (item.kind) {
      case 'welcome':
        this.#times.begin(nowMs);
        return {
          type: 'welcome',
          value: welcomeValue(this.#topics.isWanted, view.utcMs(), options.statsIntervalSeconds),
        };
      case 'time':
        this.#times.sent(item.n, nowMs);
        return { type: 'time', value: timeValue(item.n) };
      case 'command':
        return { type: 'command', topicId: item.topicId, value: this.#commands.value(item.command) };
      default:
        return assertNever(item);
    }
  }

  #deliver(number: number, payload: Uint8Array, nowMs: number): void {
    const seal = { aead: this.#start.aead, epoch: this.facts.epoch };
    const record = openRecord(payload, seal, deviceDirection);
    const problem = typeof record === 'string' ? record : this.#isReplay(record) ? 'record.replayed' : null;
    if (typeof record === 'string' || problem !== null) {
      this.#refuseRecord(problem ?? 'record.malformed');
      this.#tell({ kind: 'refused' }, nowMs);
      return;
    }
    const tickets = this.#take(record, nowMs);
    const isDone = this.#frames.take(number, tickets, this.#readings.covered);
    this.#tell({ kind: 'taken' }, nowMs);
    if (isDone) this.#tell({ kind: 'done', number }, nowMs);
  }

  #isReplay({ type, counter }: DeviceRecord): boolean {
    return type === 'reading' ? this.#readings.isReplay(counter) : counter <= this.#lastOther;
  }

  #refuseRecord(code: ErrorCode): void {
    this.#deps.counters.count(code);
    const cause = ALARMS[code];
    if (cause !== undefined) this.#deps.alarms.raise(cause, this.facts.id);
  }

  /** What a verified record leads to; the tickets that its frame waits for. */
  #take(record: DeviceRecord, nowMs: number): Ticket[] {
    if (record.type === 'reading') return this.#readings.take(record, nowMs);
    this.#lastOther = record.counter;
    const tickets = this.#takeOther(record, nowMs);
    if (tickets !== null) return tickets;
    this.#deps.counters.count('record.bad-value');
    return [];
  }

  /** `null` if the value is not what the record's type promises. */
  #takeOther(record: DeviceRecord, nowMs: number): Ticket[] | null {
    switch (record.type) {
      case 'gap':
        return this.#readings.explain(record.value);
      case 'command-result':
        return this.#takeResult(record.value);
      case 'register':
        return this.#topics.register(record.value, nowMs) ? [] : null;
      case 'time':
        return this.#takeTime(record, nowMs);
      case 'stats':
        return this.#takeStats(record.value);
      default:
        this.#deps.counters.count('record.unexpected');
        this.#deps.alarms.raise('unexpected-record', this.facts.id);
        return [];
    }
  }

  #takeResult(value: Uint8Array): Ticket[] | null {
    const result = decodeResult(value);
    if (result === null) return null;
    const ticket = this.#deps.nextTicket();
    this.#commands.finish(result, ticket);
    return [ticket];
  }

  #takeTime({ value, t }: DeviceRecord, nowMs: number): Ticket[] | null {
    const n = decodeTime(value);
    if (n === null) return null;
    const sample = this.#times.answered(n, this.#start.clock.unwrapNow(t, nowMs), nowMs);
    if (sample === null) return [];
    this.#start.clock.sample(sample);
    this.#deps.outbox.push({ kind: 'time', deviceId: this.facts.id, epoch: this.facts.epoch, ...sample });
    return [];
  }

  #takeStats(value: Uint8Array): Ticket[] | null {
    const stats = decodeStats(value);
    if (stats !== null) this.#deps.outbox.push({ kind: 'stats', deviceId: this.facts.id, stats });
    return stats === null ? null : [];
  }
}
