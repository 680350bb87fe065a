import type { Log } from '../../../src/errors/index.ts';
import type { DeviceBook } from '../devices/index.ts';
import type {
  AlarmCause,
  DeviceId,
  GapEffect,
  GreetingEffect,
  KnownDevice,
  SessionEffect,
  SessionView,
  Ticket,
} from '../session/index.ts';
import type { CommandDesk } from './command-desk.ts';
import { DeviceFeed, type DeviceFeedDependencies } from './device-feed.ts';
import type { MonitorHub } from './monitor-hub.ts';
import type { PortService } from './port-service.ts';

/** What is known of who speaks on a port. */
export interface PortSpeaker {
  deviceId: DeviceId | null;
  /** It has a key; `null` where nobody spoke. */
  provisioned: boolean | null;
  /** Why it gets no session; `null` if it does. */
  refusal: Extract<SessionEffect, { readonly kind: 'device-refused' }>['cause'] | null;
}

/** What a {@link DeviceDesk} works with. */
export interface DeviceDeskDependencies extends DeviceFeedDependencies {
  readonly book: DeviceBook;
  readonly commands: () => CommandDesk | null;
  readonly monitors: MonitorHub;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly log: Log;
}

/** A port that serves a device, or greets it. */
interface Claim {
  readonly port: PortService;
  readonly sinceMs: number;
}

/** A greeting that did not come to anything in this time claims nothing any more. */
const GREETING_MS_MAX = 10_000;

/** Brings together the ports, on which sessions happen, and the devices, which they are about. */
export class DeviceDesk {
  readonly #deps: DeviceDeskDependencies;
  readonly #feeds = new Map<DeviceId, DeviceFeed>();
  /** Who has a session where, or is about to: at most one port a device. */
  readonly #holders = new Map<DeviceId, Claim>();
  readonly #speakers = new Map<PortService, PortSpeaker>();
  /** The last greeting of each device that is being kept. */
  readonly #greetings = new Map<DeviceId, Promise<void>>();

  constructor(deps: DeviceDeskDependencies) {
    this.#deps = deps;
  }

  /** The port that serves a device; `null` if none does. */
  portOf(id: DeviceId): PortService | null {
    return this.#holders.get(id)?.port ?? null;
  }

  speakerAt(port: PortService): PortSpeaker {
    const speaker = this.#speakers.get(port) ?? { deviceId: null, provisioned: null, refusal: null };
    this.#speakers.set(port, speaker);
    return speaker;
  }

  forgetPort(port: PortService): void {
    this.#speakers.delete(port);
  }

  feedOf(id: DeviceId): DeviceFeed {
    const feed = this.#feeds.get(id) ?? new DeviceFeed(id, this.#deps);
    this.#feeds.set(id, feed);
    return feed;
  }

  /** The device is no longer in the book: what was counted of it goes too. */
  forgetDevice(id: DeviceId): void {
    this.#feeds.delete(id);
  }

  /** Says of devices that were there when the agent was killed that they are not. */
  tellAbsent(): void {
    for (const { id, announced } of this.#deps.book.list()) {
      if (announced) this.feedOf(id).tellState('offline');
    }
  }

  tellAlarms(): void {
    for (const feed of this.#feeds.values()) feed.tellAlarms();
  }

  viewOf(): SessionView {
    const { book, randomBytes, nowMs } = this.#deps;
    return {
      deviceOf: (id) => knownDevice(book, id),
      randomBytes,
      utcMs: nowMs,
    };
  }

  /** Carries out what the session of a port wants. Never throws for what a device sent. */
  onEffects(port: PortService, effects: readonly SessionEffect[]): void {
    const greeting = effects.find((effect) => effect.kind === 'greeting');
    // What an earlier epoch lost has to be in the mesh before the book forgets that epoch.
    const earlier = effects.filter(
      (effect): effect is GapEffect =>
        greeting !== undefined && effect.kind === 'gap' && effect.epoch !== greeting.device.epoch,
    );
    for (const effect of effects) {
      if (effect.kind === 'greeting') this.#greet(port, effect, earlier);
      else if (effect.kind !== 'gap' || !earlier.includes(effect)) this.#onEffect(port, effect);
    }
  }

  #onEffect(port: PortService, effect: SessionEffect): void {
    switch (effect.kind) {
      case 'reading':
        this.#answer(port, effect.ticket, this.feedOf(effect.deviceId).take(effect));
        break;
      case 'gap':
        this.#answer(port, effect.ticket, this.feedOf(effect.deviceId).takeGap(effect));
        break;
      case 'time':
        this.feedOf(effect.deviceId).noteTime(effect);
        break;
      case 'online':
        this.#online(port, effect);
        break;
      case 'topics':
        this.#topics(effect);
        break;
      case 'offline':
        this.#offline(port, effect);
        break;
      case 'silent':
      case 'heard':
        this.feedOf(effect.deviceId).tellState(effect.kind === 'heard' ? 'online' : 'silent');
        break;
      case 'stats':
        this.feedOf(effect.deviceId).tellStats(effect.stats);
        break;
      case 'result':
        this.#deps.commands()?.onResult(port, effect);
        break;
      case 'command-sent':
        break;
      case 'alarm':
        this.#alarm(port, effect.deviceId, effect.cause, effect.count);
        break;
      case 'device-refused':
        Object.assign(this.speakerAt(port), {
          deviceId: effect.deviceId,
          provisioned: true,
          refusal: effect.cause,
        });
        break;
      case 'provisioned':
        Object.assign(this.speakerAt(port), {
          deviceId: effect.deviceId,
          provisioned: true,
          refusal: null,
        });
        break;
      case 'unprovisioned':
        Object.assign(this.speakerAt(port), { deviceId: null, provisioned: false, refusal: null });
        break;
      default:
        break;
    }
  }

  #greet(port: PortService, greeting: GreetingEffect, gaps: readonly GapEffect[]): void {
    const { ticket, device } = greeting;
    Object.assign(this.speakerAt(port), { deviceId: device.id, provisioned: true, refusal: null });
    const rival = this.#rivalOf(port, device.id);
    if (rival !== null) {
      const places = { port: port.path, other: rival.path, device: device.id };
      this.#deps.log.warn(places, 'two ports claim to be one device');
      this.speakerAt(port).refusal = 'by-bridge';
      this.#alarm(port, device.id, 'claimed-twice', 1);
      port.send({ kind: 'refused', ticket });
      return;
    }
    this.#holders.set(device.id, { port, sinceMs: this.#deps.elapsedMs() });
    // One after the other: while the disk takes nothing, a device may start anew and greet again.
    const before = this.#greetings.get(device.id) ?? Promise.resolve();
    const keeping = before.then(() => this.#keepGreeting(port, greeting, gaps));
    this.#greetings.set(device.id, keeping);
    void keeping.then(() => {
      if (this.#greetings.get(device.id) === keeping) this.#greetings.delete(device.id);
    });
  }

  async #keepGreeting(
    port: PortService,
    { ticket, device }: GreetingEffect,
    gaps: readonly GapEffect[],
  ): Promise<void> {
    const { book, log } = this.#deps;
    const feed = this.feedOf(device.id);
    for (const gap of gaps) {
      const untold = gapFrom(gap, book.get(device.id)?.epoch ?? 0);
      const outcome = untold === null ? 'done' : await feed.takeGap(untold);
      // Without its report in the mesh the book must not forget the epoch that it is about.
      if (outcome === 'stopped') return;
      port.send({ kind: outcome, ticket: gap.ticket });
    }
    feed.greet(device, port.path);
    const { path, info } = port;
    book.change(device.id, {
      lastPort: { path, byId: info?.byId ?? null, byPath: info?.byPath ?? null },
    });
    try {
      await book.save(device.id);
      port.send({ kind: 'done', ticket });
    } catch (error) {
      log.error({ device: device.id, error: String(error) }, 'the device book cannot be written');
      port.send({ kind: 'refused', ticket });
    }
  }

  /** Another port that serves the device, or is about to; `null` if there is none. */
  #rivalOf(port: PortService, id: DeviceId): PortService | null {
    const claim = this.#holders.get(id);
    if (claim === undefined || claim.port === port || claim.port.phase !== 'open') return null;
    const { state } = this.feedOf(id);
    const isGreeting = this.#deps.elapsedMs() - claim.sinceMs < GREETING_MS_MAX;
    return state === 'online' || (state === 'offline' && isGreeting) ? claim.port : null;
  }

  #online(port: PortService, { device, topics }: Extract<SessionEffect, { readonly kind: 'online' }>): void {
    const { book, log, commands } = this.#deps;
    this.#holders.set(device.id, { port, sinceMs: this.#deps.elapsedMs() });
    if (topics !== null) book.change(device.id, { topics, topicsCrc: device.topicsCrc });
    const feed = this.feedOf(device.id);
    feed.forgetPlaces();
    feed.tellState('online');
    const { epoch, session, resetCause, queued } = device;
    const name = book.get(device.id)?.name ?? device.id;
    log.info({ device: name, port: port.path, epoch, session, resetCause, queued }, 'a device is online');
    commands()?.onOnline(device.id, port, epoch);
  }

  #topics({ deviceId, topics, topicsCrc }: Extract<SessionEffect, { readonly kind: 'topics' }>): void {
    this.#deps.book.change(deviceId, { topics, topicsCrc });
    const feed = this.feedOf(deviceId);
    feed.forgetPlaces();
    feed.tellState(feed.state);
  }

  #offline(
    port: PortService,
    { deviceId, cause, commands }: Extract<SessionEffect, { readonly kind: 'offline' }>,
  ): void {
    this.#deps.commands()?.onOffline(deviceId, commands);
    if (this.portOf(deviceId) !== port) return;
    this.#holders.delete(deviceId);
    this.feedOf(deviceId).tellState('offline');
    const name = this.#deps.book.get(deviceId)?.name ?? deviceId;
    this.#deps.log.info({ device: name, port: port.path, cause }, 'a device is offline');
    // Another port may have claimed the device meanwhile, and was refused.
    for (const [other, speaker] of this.#speakers) {
      if (other !== port && speaker.deviceId === deviceId) other.send({ kind: 'greet' });
    }
  }

  #alarm(
    port: PortService,
    deviceId: DeviceId | null,
    cause: AlarmCause | 'claimed-twice',
    count: number,
  ): void {
    const record = deviceId === null ? null : this.#deps.book.get(deviceId);
    this.#deps.log.warn({ port: port.path, device: deviceId, cause, count }, 'alarm on a serial line');
    if (record !== null) this.feedOf(record.id).noteAlarm(cause, count);
  }

  #answer(port: PortService, ticket: Ticket, outcome: Promise<'done' | 'refused' | 'stopped'>): void {
    void outcome.then((kind) => {
      if (kind !== 'stopped') port.send({ kind, ticket });
    });
  }
}

/** What of a gap is not about epochs before one: those are told, since a greeting after them was kept; `null` for nothing. */
function gapFrom(gap: GapEffect, knownEpoch: number): GapEffect | null {
  if (gap.epoch >= knownEpoch) return gap;
  return (gap.throughEpoch ?? gap.epoch) < knownEpoch ? null : { ...gap, epoch: knownEpoch, first: 1 };
}

function knownDevice(book: DeviceBook, id: DeviceId): KnownDevice | null {
  const record = book.get(id);
  if (record === null) return null;
  const { key, epoch, readingsDone, topicsCrc, topics, uptime } = record;
  return { id, key, epoch, readingsDone, topicsCrc, topics, ...(uptime === null ? {} : { uptime }) };
}
