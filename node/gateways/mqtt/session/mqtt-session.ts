import type { Log } from '../../../../src/errors/index.ts';
import type {
  Acknowledgement,
  DeliveredMessage,
  Delivery,
  SelectiveSubscription,
} from '../../../../src/index.ts';
import { ALERTS_PREFIX } from '../alert-topics.ts';
import type { GatewayCounters } from '../gateway-counters.ts';
import { type PublishProperties, propertiesOfMessage } from '../message-mapping.ts';
import type { MqttMesh } from '../mqtt-mesh.ts';
import type { PublishPacket, ReceivedPacket, SubscribePacket } from '../packet/packet-codec.ts';
import { REASON } from '../packet/reason-code.ts';
import { isShared } from '../shared/shared-filter.ts';
import { type SystemValue, systemPacket } from '../system-topics.ts';
import type { Permissions } from '../users/permissions.ts';
import type { ClientLink } from './client-link.ts';
import { ClientPublishes } from './client-publishes.ts';
import { DeliveryLedger } from './delivery-ledger.ts';
import { type Acknowledged, OutboundState } from './outbound-state.ts';
import { SessionFilters } from './session-filters.ts';
import type { SessionRecord } from './session-record.ts';
import { type MqttSubscription, SubscriptionSet } from './subscription-set.ts';

/** Options of a session. */
export interface SessionOptions {
  /** Messages of QoS 1 and 2 on their way to a client at once. */
  readonly windowMessages: number;
  /** When a message of QoS 1 or 2 is acknowledged. */
  readonly ack: Acknowledgement;
  /** Messages of QoS 1 and 2 that a client may send without an answer. */
  readonly receiveMaximum: number;
  /** Subscriptions of a session. */
  readonly subscriptionsMax: number;
  /** How often what clients acknowledged is kept while they are connected, milliseconds. */
  readonly saveIntervalMs: number;
}

/** What a session works with. */
export interface SessionDependencies {
  readonly mesh: MqttMesh;
  readonly counters: GatewayCounters;
  readonly log: Log;
  readonly nowMs: () => number;
  /** Keeps a session that outlives its connection. */
  readonly save: (record: SessionRecord) => Promise<void>;
  readonly shared: SharedDesk;
  /** The gateway's own values, under `$SYS/`. */
  readonly systemValues: () => readonly SystemValue[];
  /** What fires at nodes of the realm, under `$alerts/`. */
  readonly alertValues: () => readonly SystemValue[];
}

/** What becomes of a message that a group of clients shares. */
export interface SharedDelivery {
  /** The client has it. */
  done(): void;
  /** Its session ended before it acknowledged it. */
  lost(): void;
}

/** The groups of clients that share a filter, as a session sees them. */
export interface SharedDesk {
  join(session: MqttSession, subscription: MqttSubscription): Promise<void>;
  leave(session: MqttSession, filter: string): Promise<void>;
  wake(filters: Iterable<string>): void;
}

/** A message on its way to the client. */
interface Outgoing {
  readonly packet: PublishPacket;
  /** Names the message in the mesh; `null` for a retained value, which no place in the journal waits for. */
  readonly key: string | null;
  /** Its delivery, where it is taken from the present subscription. */
  delivery: number | null;
  /** The group that gave it; `null` for what is its own. */
  readonly shared: SharedDelivery | null;
  done: boolean;
}

/** Whence a message comes. */
interface SendContext {
  readonly retained: boolean;
  readonly delivery: number | null;
  readonly shared: SharedDelivery | null;
}

/** Deliveries taken from the mesh at once. */
const BATCH_MAX = 64;
/** Messages that the mesh holds ready for a session; more stay on disk. */
const BUFFER_MESSAGES = 256;
/** Deliveries that a client may be done with before that is kept. */
const UNACKNOWLEDGED_MAX = 1_024;
/**
 * How often a session's place is written while its client acknowledges, milliseconds. Without fsync, which comes only with
 * each save: the end of the process takes nothing back, and the card gets no page more.
 */
const PLACE_INTERVAL_MS = 500;

/**
 * A client's session: a view on the mesh. What it subscribes to and how far its flows are is its own; what it has not
 * had yet lies in the journals, where a durable subscription keeps its place while it is away.
 */
export class MqttSession {
  readonly clientId: string;
  readonly user: string | null;
  readonly #uid: string;
  /** Kept on disk, as it was made to outlive its connection. */
  readonly #durable: boolean;
  readonly #options: SessionOptions;
  readonly #deps: SessionDependencies;
  readonly #filters: SessionFilters;
  /** What the client publishes. */
  readonly #publishes: ClientPublishes;
  readonly #outbound = new OutboundState<Outgoing>();
  #expirySeconds: number | null;
  #disconnectedAtMs: number | null;
  #link: ClientLink | null = null;
  #view: SelectiveSubscription | null = null;
  #ledger = new DeliveryLedger();
  /** By name: on their way when the view was closed. The next view gives them again. */
  readonly #carried = new Map<string, Outgoing>();
  #feeding: Promise<void> = Promise.resolve();
  /** Retained values that are still to be sent come before what is delivered. */
  #retaining: Promise<void> = Promise.resolve();
  #retainingCount = 0;
  #roomWaits: (() => void)[] = [];
  /** By channel: what lies there or before came while the client was away. */
  #resumedAt: ReadonlyMap<string, number> = new Map();
  #saveTimer: NodeJS.Timeout | null = null;
  #placeTimer: NodeJS.Timeout | null = null;
  /** Messages that are gone, of which a client of version 5 was not told yet. */
  #untoldGap = 0;
  #acknowledging: Promise<void> = Promise.resolve();
  /** What was acknowledged last may still be taken back by a power cut. */
  #placeUnsynced = false;

  constructor(record: SessionRecord, options: SessionOptions, deps: SessionDependencies) {
    this.clientId = record.clientId;
    this.user = record.user;
    this.#uid = record.uid;
    this.#durable = record.expirySeconds !== 0 || record.disconnectedAtMs !== null;
    this.#expirySeconds = record.expirySeconds;
    this.#disconnectedAtMs = record.disconnectedAtMs;
    this.#options = options;
    this.#deps = deps;
    this.#publishes = new ClientPublishes({ ...record, durable: this.#durable }, options, deps);
    this.#filters = new SessionFilters(record.subscriptions, deps.mesh.positions());
  }

  get connected(): boolean {
    return this.#link !== null;
  }

  get link(): ClientLink | null {
    return this.#link;
  }

  get subscriptions(): readonly MqttSubscription[] {
    return this.#filters.all();
  }

  /** Messages on their way to the client. */
  get inflight(): number {
    return this.#outbound.size;
  }

  /** It ends with its connection. */
  get endsNow(): boolean {
    return this.#expirySeconds === 0;
  }

  get expirySeconds(): number | null {
    return this.#expirySeconds;
  }

  set expirySeconds(seconds: number | null) {
    this.#expirySeconds = seconds;
  }

  /** When it ends unless its client comes back, milliseconds since 1970; `null` while connected or if never. */
  get expiresAtMs(): number | null {
    if (this.#disconnectedAtMs === null || this.#expirySeconds === null) return null;
    return this.#disconnectedAtMs + this.#expirySeconds * 1_000;
  }

  get disconnectedAtMs(): number | null {
    return this.#disconnectedAtMs;
  }

  record(): SessionRecord {
    return {
      clientId: this.clientId,
      user: this.user,
      uid: this.#uid,
      expirySeconds: this.#expirySeconds,
      subscriptions: this.subscriptions,
      inbound: this.#publishes.record(),
      disconnectedAtMs: this.#disconnectedAtMs,
    };
  }

  /** Finds out after a stop what of the client's messages is stored, although nobody can tell what it knows of that. */
  async recover(): Promise<void> {
    if (this.#disconnectedAtMs !== null && !this.#publishes.isUnclear) return;
    await this.#publishes.recover();
    this.#disconnectedAtMs ??= this.#deps.nowMs();
  }

  /** Its client connects. `true` if what it knows of the session is there. Nothing is sent before `begin`. */
  async attach(link: ClientLink): Promise<void> {
    const { windowMessages } = this.#options;
    this.#link = link;
    this.#disconnectedAtMs = null;
    this.#publishes.connect(link);
    this.#outbound.connect(Math.min(windowMessages, link.receiveMaximum));
    this.#resumedAt = this.#deps.mesh.positions();
    this.keepTo(link.permissions);
    if (this.#durable) await this.#deps.save(this.record());
  }

  /** Takes its places in groups, after a start. */
  async joinGroups(): Promise<void> {
    for (const subscription of this.#filters.shared()) await this.#deps.shared.join(this, subscription);
  }

  /** Drops the subscriptions that its client may not have any more. */
  keepTo(permissions: Permissions): void {
    for (const filter of this.#filters.keepTo(permissions)) {
      this.#deps.shared.leave(this, filter).catch((error: unknown) => {
        this.#deps.log.warn(
          { client: this.clientId, error: String(error) },
          'a shared subscription was not forgotten',
        );
      });
    }
  }

  /** Sends again what was on its way, and goes on. The CONNACK was sent. */
  begin(): void {
    const link = this.#link;
    if (link === null) return;
    for (const { packetId, released, message } of this.#outbound.open()) {
      this.#deps.counters.count('messagesOutRepeated');
      if (released) link.send({ cmd: 'pubrel', messageId: packetId, reasonCode: 0 });
      else if (!link.send({ ...message.packet, messageId: packetId, dup: true })) this.#finish(message);
    }
    if (this.#filters.own.size > 0) this.#openView();
    this.#deps.shared.wake(this.#filters.sharedNames());
    if (!this.#durable) return;
    const { saveIntervalMs } = this.#options;
    this.#saveTimer = setInterval(() => void this.#saveProgress(), saveIntervalMs);
    const placeIntervalMs = Math.min(PLACE_INTERVAL_MS, saveIntervalMs);
    this.#placeTimer = setInterval(() => void this.#keepPlace({ sync: false }), placeIntervalMs);
  }

  /** Its client is gone: closes the view on the mesh and keeps the place. */
  async detach(): Promise<void> {
    if (this.#link === null) return;
    this.#link = null;
    this.#disconnectedAtMs = this.#deps.nowMs();
    for (const timer of [this.#saveTimer, this.#placeTimer]) if (timer !== null) clearInterval(timer);
    this.#saveTimer = null;
    this.#placeTimer = null;
    this.#wakeRoom();
    await this.#publishes.disconnect();
    await this.#closeView();
    if (this.#durable) await this.#deps.save(this.record());
  }

  /** Ends the session: nothing of it is left. */
  async end(): Promise<void> {
    await this.detach();
    for (const { qos, message } of this.#outbound.open()) {
      // MQTT-4.8.2-5: another client may have it; of QoS 2 this one may have it already.
      if (qos === 1) message.shared?.lost();
      else message.shared?.done();
    }
    for (const filter of this.#filters.sharedNames()) await this.#deps.shared.leave(this, filter);
    await this.#deps.mesh.forgetSubscription(this.#name);
  }

  /** Takes in a PUBLISH; resolves when it is dealt with. */
  publish(packet: ReceivedPacket & { readonly packet: PublishPacket }): Promise<void> {
    return this.#publishes.publish(packet);
  }

  /** Takes in a PUBREL. */
  release(packetId: number): void {
    this.#publishes.release(packetId);
  }

  // ---- what it subscribes to ------------------------------------------------------------------------------------

  /** Takes in a SUBSCRIBE; answers when the subscriptions would survive a crash. */
  async subscribe({ messageId, subscriptions, properties }: SubscribePacket): Promise<void> {
    const id = properties?.subscriptionIdentifier ?? null;
    const since = Object.fromEntries(this.#deps.mesh.positions());
    const limits = { permissions: this.#link?.permissions, max: this.#options.subscriptionsMax };
    const granted: number[] = [];
    const fresh: MqttSubscription[] = [];
    const joined: MqttSubscription[] = [];
    for (const { topic: filter, qos, nl = false, rap = false, rh = 0 } of subscriptions) {
      const known = this.#filters.has(filter);
      const retainHandling = rh as 0 | 1 | 2;
      const made = { filter, qos, noLocal: nl, retainAsPublished: rap, retainHandling, id, since };
      const refused = this.#filters.refusalOf(filter, limits) ?? this.#filters.add(made);
      granted.push(refused ?? qos);
      if (refused === null && isShared(filter)) joined.push(made);
      else if (refused === null && (retainHandling === 0 || (retainHandling === 1 && !known)))
        fresh.push(made);
    }
    const retained = this.#retainedFor(fresh);
    if (this.#filters.own.size > 0) await this.#openView()?.ready();
    for (const subscription of joined) await this.#deps.shared.join(this, subscription);
    if (this.#durable) await this.#deps.save(this.record());
    const codes =
      this.#link?.version === 5 ? granted : granted.map((code) => (code > 2 ? REASON.unspecified : code));
    this.#link?.send({ cmd: 'suback', messageId: messageId!, granted: codes });
    if (retained !== null) await this.#queueRetained(retained);
    this.sendSystemValues(fresh);
    this.#sendOwn(ALERTS_PREFIX, this.#deps.alertValues, fresh);
  }

  /** Sends the gateway's own values to who subscribed to them; with `fresh` to new subscriptions, marked as retained. */
  sendSystemValues(fresh?: readonly MqttSubscription[]): void {
    this.#sendOwn('$SYS/', this.#deps.systemValues, fresh);
  }

  /** Sends what came on `$alerts` to who subscribed to it. */
  sendAlert(alert: SystemValue): void {
    this.#sendOwn(ALERTS_PREFIX, () => [alert]);
  }

  #sendOwn(prefix: string, values: () => readonly SystemValue[], fresh?: readonly MqttSubscription[]): void {
    const asked = fresh ?? this.#filters.own.all();
    if (!asked.some(({ filter }) => filter.startsWith(prefix))) return;
    const set = new SubscriptionSet();
    for (const subscription of asked) set.add(subscription);
    for (const value of values()) {
      if (this.#link?.writable === true && set.match(value.topic).length > 0)
        this.#link.send(systemPacket(value, fresh !== undefined));
    }
  }

  /** Takes in an UNSUBSCRIBE. */
  async unsubscribe(messageId: number, filters: readonly string[]): Promise<void> {
    const removed = filters.map((filter) => this.#filters.remove(filter));
    const granted = removed.map((kind) => (kind === 'none' ? REASON.noSubscriptionExisted : REASON.success));
    for (const [index, filter] of filters.entries())
      if (removed[index] === 'shared') await this.#deps.shared.leave(this, filter);
    if (this.#durable) await this.#deps.save(this.record());
    this.#link?.send({ cmd: 'unsuback', messageId, granted });
  }

  // ---- retained values -------------------------------------------------------------------------------------------

  #retainedFor(fresh: readonly MqttSubscription[]): AsyncIterable<DeliveredMessage> | null {
    if (fresh.length === 0) return null;
    const set = new SubscriptionSet();
    for (const subscription of fresh) set.add(subscription);
    const wants = (topic: string) => set.match(topic).length > 0;
    const messages = this.#deps.mesh.retained(wants);
    const send = this.#link;
    const deliver = (message: DeliveredMessage) =>
      this.#sendRetained(message, set.match(message.topic), send);
    return (async function* () {
      for await (const message of messages) {
        await deliver(message);
        yield message;
      }
    })();
  }

  /** Resolves when not too many wait: a client that subscribes all the time is not read meanwhile. */
  async #queueRetained(retained: AsyncIterable<DeliveredMessage>): Promise<void> {
    this.#retainingCount++;
    const before = this.#retaining;
    this.#retaining = before
      .then(async () => {
        for await (const _ of retained) if (this.#link === null) return;
      })
      .catch((error: unknown) => {
        this.#deps.log.error(
          { client: this.clientId, error: String(error) },
          'retained values could not be read',
        );
      })
      .finally(() => {
        this.#retainingCount--;
      });
    if (this.#retainingCount > 4) await before;
  }

  async #sendRetained(
    message: DeliveredMessage,
    matches: readonly MqttSubscription[],
    link: ClientLink | null,
  ): Promise<void> {
    if (link === null || !(await this.#whenRoom(link))) return;
    this.#deps.counters.count('retainedOut');
    this.#send(message, matches, { retained: true, delivery: null, shared: null });
  }

  // ---- what it gets ----------------------------------------------------------------------------------------------

  #openView(): SelectiveSubscription | null {
    if (this.#view !== null || this.#link === null) return this.#view;
    const view = this.#deps.mesh.subscribeWhere(
      (topic, place) => this.#filters.own.matchAt(topic, place).length > 0,
      { bufferMessages: BUFFER_MESSAGES, ...(this.#durable ? { durable: this.#name } : {}) },
    );
    this.#view = view;
    this.#ledger = new DeliveryLedger();
    this.#feeding = this.#feed(view, this.#link).catch((error: unknown) => {
      this.#deps.log.error(
        { client: this.clientId, error: String(error) },
        'an MQTT session cannot read the journal',
      );
      this.#link?.end(REASON.unspecified, 'journal');
    });
    return view;
  }

  async #closeView(): Promise<void> {
    const view = this.#view;
    if (view === null) return;
    this.#view = null;
    await this.#acknowledge(view);
    await view.close();
    await this.#feeding;
    for (const { message } of this.#outbound.open()) {
      message.delivery = null;
      if (message.key !== null) this.#carried.set(message.key, message);
    }
  }

  async #feed(view: SelectiveSubscription, link: ClientLink): Promise<void> {
    while (await this.#whenRoom(link)) {
      const deliveries = await view.take(Math.min(BATCH_MAX, Math.max(1, this.#outbound.room)));
      if (deliveries.length === 0) return;
      await this.#retaining;
      for (const delivery of deliveries) {
        if (!(await this.#whenRoom(link))) return;
        this.#deliver(delivery);
      }
      if (!this.#durable || this.#ledger.open >= UNACKNOWLEDGED_MAX) await this.#acknowledge(view);
    }
  }

  #deliver(delivery: Delivery): void {
    const number = this.#ledger.take();
    if (delivery.kind === 'gap') {
      const missing = delivery.last - delivery.first + 1;
      this.#deps.counters.count('gapMessages', missing);
      this.#untoldGap += missing;
      this.#ledger.done(number);
      return;
    }
    const key = keyOf(delivery);
    const carried = this.#carried.get(key);
    if (carried !== undefined) {
      // It was sent before the connection was lost, and is sent again under its packet id.
      this.#carried.delete(key);
      carried.delivery = number;
      if (carried.done) this.#ledger.done(number);
      return;
    }
    const place = { channel: delivery.channel, position: positionOf(delivery) };
    const matches = this.#filters.own
      .matchAt(delivery.topic, place)
      .filter(({ noLocal }) => !noLocal || !this.#isOwn(delivery));
    if (matches.length === 0) this.#ledger.done(number);
    else this.#send(delivery, matches, { retained: false, delivery: number, shared: null });
  }

  #send(
    message: DeliveredMessage,
    matches: readonly MqttSubscription[],
    { retained, delivery, shared }: SendContext,
  ): void {
    const link = this.#link;
    if (link === null) return;
    const granted = Math.max(...matches.map(({ qos }) => qos));
    const qos = Math.min(granted, message.client?.qos ?? 2) as 0 | 1 | 2;
    const keepsRetain = matches.some(({ retainAsPublished }) => retainAsPublished);
    const packet: PublishPacket = {
      cmd: 'publish',
      topic: message.topic,
      payload: bufferOf(message.payload),
      qos,
      dup: false,
      retain: retained || (keepsRetain && message.retain === true),
      ...(link.version === 5 ? { properties: this.#propertiesOf(message, matches) } : {}),
    };
    const outgoing: Outgoing = {
      packet,
      key: delivery === null ? null : keyOf(message),
      delivery,
      shared,
      done: false,
    };
    if (qos === 0) {
      if (!retained && shared === null && this.#cameWhileAway(message))
        this.#deps.counters.count('messagesOutQos0Skipped');
      else this.#transmit(link, packet);
      this.#finish(outgoing);
      return;
    }
    const messageId = this.#outbound.send(outgoing, qos);
    if (this.#transmit(link, { ...packet, messageId })) return;
    // The client is not to learn of it (MQTT-3.1.2-25).
    if (qos === 1) this.#outbound.puback(messageId);
    else this.#outbound.pubrec(messageId, true);
    this.#finish(outgoing);
  }

  /** Where retention took something before the client had it, the next message says so. */
  #propertiesOf(message: DeliveredMessage, matches: readonly MqttSubscription[]): PublishProperties {
    const missing = this.#untoldGap;
    this.#untoldGap = 0;
    return propertiesOfMessage(message, { subscriptionIds: idsOf(matches), missing });
  }

  #transmit(link: ClientLink, packet: PublishPacket): boolean {
    const sent = link.send(packet);
    this.#deps.counters.count(sent ? 'messagesOut' : 'messagesOutTooLarge');
    return sent;
  }

  /** Brokers keep nothing of QoS 0 for who is away. */
  #cameWhileAway(message: DeliveredMessage): boolean {
    return positionOf(message) <= (this.#resumedAt.get(message.channel) ?? 0);
  }

  #isOwn({ author, client }: DeliveredMessage): boolean {
    return author === this.#deps.mesh.node && client?.id === this.clientId;
  }

  // ---- what it shares with others --------------------------------------------------------------------------------

  /** It can be given a message now. */
  get hasRoom(): boolean {
    return this.#link?.open === true && this.#link.writable && this.#outbound.room > 0;
  }

  /** Resolves once it has room, or its client is gone. */
  async whenReady(): Promise<void> {
    if (this.#link !== null) await this.#whenRoom(this.#link);
  }

  /** Sends a message of a group. */
  sendShared(message: DeliveredMessage, subscription: MqttSubscription, shared: SharedDelivery): void {
    this.#send(message, [subscription], { retained: false, delivery: null, shared });
  }

  // ---- what it acknowledges ----------------------------------------------------------------------------------------

  puback(packetId: number): void {
    this.#acknowledged(this.#outbound.puback(packetId), '4.3.2-3');
  }

  pubrec(packetId: number, refused: boolean): void {
    const result = this.#outbound.pubrec(packetId, refused);
    if (result.is === 'release')
      this.#link?.send({ cmd: 'pubrel', messageId: packetId, reasonCode: REASON.success });
    else if (result.is === 'unknown' && !refused)
      this.#link?.send({ cmd: 'pubrel', messageId: packetId, reasonCode: REASON.packetIdNotFound });
    else this.#acknowledged(result, '4.3.3-4');
  }

  pubcomp(packetId: number): void {
    this.#acknowledged(this.#outbound.pubcomp(packetId), '4.3.3-6');
  }

  #acknowledged(result: Acknowledged<Outgoing>, rule: string): void {
    if (result.is === 'wrong-flow') this.#link?.end(REASON.protocolError, rule);
    if (result.is !== 'done') return;
    this.#finish(result.message);
    this.#wakeRoom();
  }

  #finish(outgoing: Outgoing): void {
    outgoing.done = true;
    outgoing.shared?.done();
    if (outgoing.delivery !== null) this.#ledger.done(outgoing.delivery);
  }

  async #acknowledge(view: SelectiveSubscription, { sync = true } = {}): Promise<void> {
    const settled = this.#ledger.settle();
    if (settled === 0 && !(sync && this.#placeUnsynced)) return;
    this.#placeUnsynced = !sync;
    try {
      await view.acknowledge(settled, { sync });
    } catch (error) {
      // The place on disk stays behind: after a crash more is sent again than need be.
      this.#deps.log.warn(
        { client: this.clientId, error: String(error) },
        'an acknowledgement of MQTT was not kept',
      );
    }
  }

  async #keepPlace(options: { readonly sync: boolean }): Promise<void> {
    const view = this.#view;
    if (view === null) return;
    this.#acknowledging = this.#acknowledging.then(() => this.#acknowledge(view, options));
    await this.#acknowledging;
  }

  async #saveProgress(): Promise<void> {
    await this.#keepPlace({ sync: true });
    if (!this.#publishes.changed || this.#link === null) return;
    this.#publishes.changed = false;
    await this.#deps.save(this.record()).catch((error: unknown) => {
      this.#publishes.changed = true;
      this.#deps.log.warn({ client: this.clientId, error: String(error) }, 'an MQTT session was not kept');
    });
  }

  // ---- small parts -------------------------------------------------------------------------------------------------

  /** Waits until a message may be sent; `false` once the connection has ended. */
  async #whenRoom(link: ClientLink): Promise<boolean> {
    while (this.#link === link && link.open) {
      if (!link.writable) await link.whenWritable();
      else if (this.#outbound.room > 0) return true;
      else await new Promise<void>((resolve) => this.#roomWaits.push(resolve));
    }
    return false;
  }

  #wakeRoom(): void {
    for (const wake of this.#roomWaits.splice(0)) wake();
  }

  get #name(): string {
    return `mqtt.${this.#uid}`;
  }
}

function keyOf({ channel, author, epoch, seq }: DeliveredMessage): string {
  return `${channel} ${author} ${epoch} ${seq}`;
}

/** Position in the channel's journal on this node. */
function positionOf({ offset }: DeliveredMessage): number {
  return Number.parseInt(offset.slice(offset.indexOf(':') + 1), 10);
}

function idsOf(matches: readonly MqttSubscription[]): number[] {
  return matches.flatMap(({ id }) => (id === null ? [] : [id]));
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
