import { assert, assertNever, Counters } from '../../../src/errors/index.ts';
import { type Found, type Frame, FrameSplitter, MTU_MAX, MTU_MIN } from '../frame/index.ts';
import { type AsconAead, deriveSessionKey, isHelloTag, sessionAead } from '../seal/index.ts';
import { ActiveSession } from './active-session.ts';
import { AlarmGate } from './alarm-gate.ts';
import { DeviceClock } from './device-clock.ts';
import type { DeviceCommand, DeviceFacts, DeviceId, KnownDevice } from './device-facts.ts';
import { Greeter } from './greeter.ts';
import { decodeHelloAck, deviceIdBytes, encodeHello, type HelloAnswer } from './greeting-codec.ts';
import { Outbox, plainFrame } from './outbox.ts';
import { PortText } from './port-text.ts';
import { Provisioner } from './provisioner.ts';
import { resetGaps } from './reset-gaps.ts';
import type {
  DeviceRefusedEffect,
  OfflineCause,
  SessionEffect,
  SessionEvent,
  SessionView,
  Ticket,
} from './session-events.ts';
import { SESSION_DEFAULTS, type SessionOptions } from './session-options.ts';
import { SilenceWatch } from './silence-watch.ts';

/** What was said to a device. */
interface Greeting {
  readonly hostNonce: Uint8Array;
  /** Of the HELLO. */
  readonly payload: Uint8Array;
}

/** A device that got no session. */
type Refusal = Pick<DeviceRefusedEffect, 'cause' | 'protocol'>;

/**
 * One port, without any I/O: finds the frames in its bytes, greets the device, verifies who it is, and carries records
 * both ways in order and once. Events and the time go in, effects come out; `wakeAtMs` says when to come again.
 */
export class DeviceSessionState {
  readonly #view: SessionView;
  readonly #options: Required<SessionOptions>;
  readonly #counters = new Counters();
  readonly #outbox = new Outbox();
  readonly #alarms = new AlarmGate();
  readonly #splitter: FrameSplitter;
  readonly #greeter: Greeter;
  readonly #text = new PortText(this.#counters);
  readonly #silence = new SilenceWatch();
  readonly #provisioner = new Provisioner();
  #session: ActiveSession | null = null;
  /** The last HELLO, which an answer is bound to, and the last under another nonce. */
  #hello: Greeting | null = null;
  #earlierHello: Greeting | null = null;
  /** Of the last session under this nonce. */
  #lastVerified: DeviceFacts | null = null;
  #clock: { readonly deviceId: DeviceId; readonly epoch: number; readonly clock: DeviceClock } | null = null;
  #hasRoom = true;
  #tickets = 0;

  constructor(view: SessionView, options: SessionOptions = {}) {
    this.#view = view;
    this.#options = { ...SESSION_DEFAULTS, ...options };
    const { mtu, window } = this.#options;
    assert(mtu >= MTU_MIN && mtu <= MTU_MAX, `the MTU is ${MTU_MIN} to ${MTU_MAX}`);
    assert(window >= 1 && window <= 7, 'the window is 1 to 7');
    this.#outbox.isTracing = this.#options.traceFrames;
    this.#splitter = new FrameSplitter({ mtu }, this.#counters);
    this.#greeter = new Greeter((length) => view.randomBytes(length));
  }

  /** When to come with `wake`; `null` while the port is closed. */
  get wakeAtMs(): number | null {
    const parts = [this.#greeter, this.#silence, this.#alarms, this.#provisioner, this.#session];
    let wakeAtMs: number | null = null;
    for (const part of parts) {
      const time = part?.wakeAtMs ?? null;
      if (time !== null && (wakeAtMs === null || time < wakeAtMs)) wakeAtMs = time;
    }
    return wakeAtMs;
  }

  /** All readings of the session's epoch up to this counter are durable or reported: what the book keeps. */
  get readingsDone(): number {
    return this.#session?.readingsDone ?? 0;
  }

  /** The device of the session; `null` while there is none. */
  get device(): DeviceFacts | null {
    return this.#session?.facts ?? null;
  }

  /** What was refused or dropped since the state was made, by cause. */
  counters(): Record<string, number> {
    return this.#counters.snapshot();
  }

  handle(event: SessionEvent, nowMs: number): SessionEffect[] {
    this.#react(event, nowMs);
    this.#turn(nowMs);
    return this.#outbox.drain();
  }

  #react(event: SessionEvent, nowMs: number): void {
    switch (event.kind) {
      case 'opened':
        this.#onOpened(nowMs);
        break;
      case 'closed':
        this.#onClosed();
        break;
      case 'bytes':
        this.#onBytes(event.bytes, nowMs);
        break;
      case 'wake':
        break;
      case 'done':
        this.#session?.done(event.ticket, nowMs);
        break;
      case 'refused':
        if (this.#session?.refuse(event.ticket, nowMs)) this.#refuseDevice({ cause: 'by-bridge' }, nowMs);
        break;
      case 'room':
        this.#hasRoom = event.hasRoom;
        this.#session?.setRoom(event.hasRoom, nowMs);
        break;
      case 'command':
        this.#onCommand(event.command);
        break;
      case 'provision':
        this.#provisioner.begin(event.offer, nowMs);
        this.#greeter.restart(nowMs);
        break;
      case 'greet':
        this.#endSession('greeted');
        this.#greeter.restart(nowMs);
        break;
      case 'trace':
        this.#outbox.isTracing = event.on;
        break;
      default:
        assertNever(event);
    }
  }

  #onOpened(nowMs: number): void {
    this.#endSession('closed');
    this.#splitter.reset();
    this.#silence.opened(nowMs);
    this.#greeter.opened(nowMs);
  }

  #onClosed(): void {
    this.#endSession('closed');
    this.#silence.closed();
    this.#greeter.closed();
    this.#push(this.#provisioner.closed());
  }

  #onCommand(command: DeviceCommand): void {
    if (this.#session?.isServing) this.#session.command(command);
    else {
      const { id } = command;
      const deviceId = this.#session?.facts.id ?? null;
      this.#outbox.push({ kind: 'result', ticket: null, deviceId, id, status: 'busy', value: null });
    }
  }

  #onBytes(bytes: Uint8Array, nowMs: number): void {
    const noise = this.#splitter.noise;
    for (const found of this.#splitter.push(bytes)) this.#onFound(found, nowMs);
    const isDamaged = this.#splitter.noise > noise;
    if (isDamaged) this.#greeter.heardDamage(nowMs);
    this.#session?.hearBytes(isDamaged, nowMs);
  }

  #onFound(found: Found, nowMs: number): void {
    if (found.kind === 'text') {
      this.#push(this.#text.line(found.line, nowMs));
      return;
    }
    const { frame } = found;
    this.#outbox.trace('device', frame, found.bytes);
    if (frame.type === 'hello' || frame.type === 'provision') {
      // An echo, or a second host: it says nothing of a device.
      this.#counters.count('frame.wrong-direction');
      return;
    }
    if (this.#silence.heard(nowMs) && this.#session !== null) {
      this.#outbox.push({ kind: 'heard', deviceId: this.#session.facts.id });
    }
    this.#onFrame(frame, nowMs);
  }

  #onFrame(frame: Frame, nowMs: number): void {
    switch (frame.type) {
      case 'hello-ack':
        this.#onHelloAck(frame.payload, nowMs);
        break;
      case 'reset':
        this.#greeter.heardReset(nowMs);
        break;
      case 'provisioned':
        this.#onProvisioned(frame.payload, nowMs);
        break;
      case 'log':
        for (const effect of this.#text.log(frame.payload, nowMs)) this.#outbox.push(effect);
        this.#onLinkFrame({ ...frame, type: 'log' }, nowMs);
        break;
      case 'data':
      case 'ack':
      case 'nak':
        this.#onLinkFrame({ ...frame, type: frame.type }, nowMs);
        break;
      case 'hello':
      case 'provision':
        break;
      default:
        assertNever(frame.type);
    }
  }

  #onLinkFrame(frame: LinkFrame, nowMs: number): void {
    if (this.#session !== null) {
      this.#session.hear(frame, nowMs);
      return;
    }
    if (frame.type === 'data') this.#counters.count('link.no-session');
    this.#greeter.heard(nowMs);
  }

  #onHelloAck(payload: Uint8Array, nowMs: number): void {
    const answer = decodeHelloAck(payload);
    if (answer === null) {
      this.#counters.count('greeting.malformed');
    } else if (typeof answer === 'number') {
      this.#counters.count('greeting.wrong-protocol');
      if (this.#session === null) this.#refuse(null, { cause: 'wrong-protocol', protocol: answer }, nowMs);
    } else if (!answer.isProvisioned) {
      this.#onUnprovisioned(answer.facts, nowMs);
    } else {
      this.#onAnswer(answer, nowMs);
    }
  }

  #onUnprovisioned({ firmware }: DeviceFacts, nowMs: number): void {
    // Whoever forges this cannot end a session: its device goes on sending sealed records.
    if (this.#session !== null) {
      this.#greeter.ask(nowMs);
      return;
    }
    if (this.#greeter.refused(nowMs) && !this.#provisioner.isWaiting) {
      this.#outbox.push({ kind: 'unprovisioned', firmware });
    }
    this.#push(this.#provisioner.met(false, nowMs));
  }

  #onAnswer(answer: HelloAnswer, nowMs: number): void {
    const known = this.#view.deviceOf(answer.facts.id);
    const aead = known === null ? null : verifiedSeal(answer, known, this.#hello);
    if (known !== null && aead === null && verifiedSeal(answer, known, this.#earlierHello) !== null) {
      this.#counters.count('greeting.stray');
      return;
    }
    if (known === null || aead === null) {
      this.#onUnverified(answer, known === null ? 'unknown-device' : 'bad-tag', nowMs);
      return;
    }
    const current = this.#session;
    if (current !== null && isSameSession(current.facts, answer.facts)) {
      this.#greeter.settled();
      return;
    }
    // Under one nonce a device only goes forward: a lower session is an answer that somebody kept.
    const last = this.#lastVerified;
    if (last !== null && !isAfter(answer.facts, last)) {
      this.#onEarlierAnswer(answer.facts, last, nowMs);
      return;
    }
    this.#push(this.#provisioner.verified(answer.facts.id));
    if (answer.facts.epoch < known.epoch) {
      this.#counters.count('greeting.lower-epoch');
      this.#alarms.raise('lower-epoch', answer.facts.id);
      this.#endSession('reset');
      this.#refuse(answer.facts.id, { cause: 'lower-epoch' }, nowMs);
      this.#lastVerified = answer.facts;
      return;
    }
    this.#begin(answer, { known, aead }, nowMs);
  }

  #onEarlierAnswer(facts: DeviceFacts, last: DeviceFacts, nowMs: number): void {
    if (isSameSession(facts, last)) {
      // Of a session that is over here: it comes late.
      this.#counters.count('greeting.stray');
    } else if (facts.id === last.id) {
      this.#counters.count('greeting.replayed');
      this.#alarms.raise('replayed', facts.id);
    } else {
      // Another device: a nonce of its own, or answers of both could be played against each other.
      this.#greeter.restart(nowMs);
    }
  }

  #onUnverified({ facts }: HelloAnswer, cause: 'unknown-device' | 'bad-tag', nowMs: number): void {
    this.#counters.count(`greeting.${cause}`);
    this.#alarms.raise(cause, facts.id);
    if (this.#session !== null) {
      // Perhaps somebody made the device begin another session: ask it to come back.
      this.#greeter.ask(nowMs);
      return;
    }
    this.#push(this.#provisioner.met(true, nowMs));
    this.#refuse(facts.id, { cause }, nowMs);
  }

  #begin(
    { facts, previousCounter }: HelloAnswer,
    { known, aead }: { known: KnownDevice; aead: AsconAead },
    nowMs: number,
  ): void {
    this.#endSession('reset');
    this.#push(this.#provisioner.met(true, nowMs));
    this.#greeter.settled();
    this.#lastVerified = facts;
    this.#silence.announced(facts.silenceSeconds);
    const start = {
      facts,
      known,
      aead,
      clock: this.#clockOf(facts, known, nowMs),
      gaps: resetGaps(known, facts, previousCounter),
    };
    const dependencies = {
      options: this.#options,
      view: this.#view,
      outbox: this.#outbox,
      counters: this.#counters,
      alarms: this.#alarms,
      nextTicket: () => ++this.#tickets as Ticket,
    };
    this.#session = new ActiveSession(start, dependencies, nowMs);
    if (!this.#hasRoom) this.#session.setRoom(false, nowMs);
  }

  /** A device's clock runs on while it does not start anew, whatever happens to sessions. */
  #clockOf(
    { id, epoch }: DeviceFacts,
    { uptime, epoch: knownEpoch }: KnownDevice,
    nowMs: number,
  ): DeviceClock {
    if (this.#clock?.deviceId === id && this.#clock.epoch === epoch) return this.#clock.clock;
    const expected =
      uptime === undefined || epoch !== knownEpoch
        ? undefined
        : { atMs: nowMs, uptimeMs: uptime.uptimeMs + Math.max(this.#view.utcMs() - uptime.utcMs, 0) };
    const clock = new DeviceClock(expected);
    this.#clock = { deviceId: id, epoch, clock };
    return clock;
  }

  #onProvisioned(payload: Uint8Array, nowMs: number): void {
    const effect = this.#provisioner.answered(payload);
    if (effect === null) {
      this.#counters.count('greeting.stray');
      return;
    }
    this.#outbox.push(effect);
    this.#greeter.restart(nowMs);
  }

  /** Lets the device of the session go. */
  #refuseDevice(refusal: Refusal, nowMs: number): void {
    const id = this.#session?.facts.id ?? null;
    this.#endSession('greeted');
    this.#refuse(id, refusal, nowMs);
  }

  #refuse(deviceId: DeviceId | null, refusal: Refusal, nowMs: number): void {
    if (this.#greeter.refused(nowMs)) this.#outbox.push({ kind: 'device-refused', deviceId, ...refusal });
  }

  #endSession(cause: OfflineCause): void {
    const session = this.#session;
    if (session === null) return;
    this.#session = null;
    this.#silence.announced(0);
    const commands = session.commandsLeft();
    this.#outbox.push({ kind: 'offline', deviceId: session.facts.id, cause, commands });
  }

  /** Does all that is due. */
  #turn(nowMs: number): void {
    this.#checkSilence(nowMs);
    const session = this.#session;
    session?.wake(nowMs);
    if (session !== null && session.end !== null) {
      this.#endSession(session.end === 'no-answer' ? 'silent' : 'broken');
      this.#greeter.restart(nowMs);
      if (session.end === 'lost-count') this.#counters.count('link.not-filled');
    }
    this.#push(this.#provisioner.expire(nowMs));
    if (this.#greeter.isDue(nowMs)) this.#sayHello();
    const provision = this.#provisioner.due(nowMs);
    if (provision !== null) this.#outbox.send(plainFrame('provision', provision));
    for (const alarm of this.#alarms.due(nowMs)) this.#outbox.push(alarm);
  }

  #sayHello(): void {
    const { mtu, window } = this.#options;
    const hostNonce = this.#greeter.nonce;
    if (this.#hello?.hostNonce !== hostNonce) {
      this.#lastVerified = null;
      this.#earlierHello = this.#hello;
    }
    const payload = encodeHello({ hostNonce, mtu, window, utcMs: this.#view.utcMs() });
    this.#hello = { hostNonce, payload };
    this.#outbox.send(plainFrame('hello', payload));
  }

  #checkSilence(nowMs: number): void {
    const { sinceMs, hasHeard } = this.#silence;
    const change = this.#silence.check(nowMs);
    if (change === null) return;
    const deviceId = this.#session?.facts.id ?? null;
    if (change === 'silent') {
      if (deviceId !== null) this.#outbox.push({ kind: 'silent', deviceId, sinceMs });
      this.#greeter.ask(nowMs);
      return;
    }
    this.#endSession('silent');
    // A device that slept through it would answer for the session that is over here.
    this.#greeter.restart(nowMs);
    this.#outbox.push({ kind: 'reopen', heard: hasHeard });
  }

  #push(effect: SessionEffect | null): void {
    if (effect !== null) this.#outbox.push(effect);
  }
}

type LinkFrame = Frame & { readonly type: 'data' | 'ack' | 'nak' | 'log' };

function isSameSession(one: DeviceFacts, other: DeviceFacts): boolean {
  return one.id === other.id && one.epoch === other.epoch && one.session === other.session;
}

/** Seals of the session that an answer begins, if its tag is right. */
function verifiedSeal(answer: HelloAnswer, { key }: KnownDevice, hello: Greeting | null): AsconAead | null {
  if (hello === null) return null;
  const { facts, signed, tag } = answer;
  const { id, epoch, session } = facts;
  const name = { deviceId: deviceIdBytes(id), hostNonce: hello.hostNonce, epoch, session };
  const aead = sessionAead(deriveSessionKey(key, name));
  return isHelloTag(aead, { epoch, hello: hello.payload, answer: signed }, tag) ? aead : null;
}

/** A later session of the same device. */
function isAfter(facts: DeviceFacts, last: DeviceFacts): boolean {
  if (facts.id !== last.id) return false;
  return facts.epoch === last.epoch ? facts.session > last.session : facts.epoch > last.epoch;
}
