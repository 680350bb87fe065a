import type { Log } from '../../../../src/errors/index.ts';
import type { Acknowledgement, DeliveredMessage } from '../../../../src/index.ts';
import { ALERTS_PREFIX } from '../alert-topics.ts';
import type { GatewayCounters } from '../gateway-counters.ts';
import type { MqttMesh } from '../mqtt-mesh.ts';
import type { PublishPacket, ReceivedPacket, SubscribePacket } from '../packet/packet-codec.ts';
import { REASON } from '../packet/reason-code.ts';
import { isShared } from '../shared/shared-filter.ts';
import { type SystemValue, systemPacket } from '../system-topics.ts';
import type { Permissions } from '../users/permissions.ts';
import { ClientDeliveries, type SharedDelivery } from './client-deliveries.ts';
import type { ClientLink } from './client-link.ts';
import { ClientPublishes } from './client-publishes.ts';
import { RetainedSending } from './retained-sending.ts';
import { SessionFilters } from './session-filters.ts';
import type { SessionRecord } from './session-record.ts';
import { SessionView } from './session-view.ts';
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

/** The groups of clients that share a filter, as a session sees them. */
export interface SharedDesk {
  join(session: MqttSession, subscription: MqttSubscription): Promise<void>;
  leave(session: MqttSession, filter: string): Promise<void>;
  wake(filters: Iterable<string>): void;
}

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
  /** What the client gets. */
  readonly #deliveries: ClientDeliveries;
  readonly #view: SessionView;
  readonly #retained: RetainedSending;
  #expirySeconds: number | null;
  #disconnectedAtMs: number | null;
  #link: ClientLink | null = null;
  #saveTimer: NodeJS.Timeout | null = null;
  #placeTimer: NodeJS.Timeout | null = null;

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
    this.#deliveries = new ClientDeliveries(options, deps.counters);
    this.#retained = new RetainedSending(record.clientId, { ...deps, deliveries: this.#deliveries });
    this.#view = new SessionView(
      { clientId: record.clientId, durable: this.#durable ? this.#name : null },
      {
        ...deps,
        deliveries: this.#deliveries,
        filters: this.#filters.own,
        whenRetainedSent: () => this.#retained.whenSent,
      },
    );
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
    return this.#deliveries.inflight;
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
    this.#link = link;
    this.#disconnectedAtMs = null;
    this.#publishes.connect(link);
    this.#deliveries.connect(link, this.#deps.mesh.positions());
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
    this.#deliveries.sendAgain(link);
    if (this.#filters.own.size > 0) this.#view.open(link);
    this.#deps.shared.wake(this.#filters.sharedNames());
    if (!this.#durable) return;
    const { saveIntervalMs } = this.#options;
    this.#saveTimer = setInterval(() => void this.#saveProgress(), saveIntervalMs);
    const placeIntervalMs = Math.min(PLACE_INTERVAL_MS, saveIntervalMs);
    this.#placeTimer = setInterval(() => void this.#view.keepPlace({ sync: false }), placeIntervalMs);
  }

  /** Its client is gone: closes the view on the mesh and keeps the place. */
  async detach(): Promise<void> {
    if (this.#link === null) return;
    this.#link = null;
    this.#disconnectedAtMs = this.#deps.nowMs();
    for (const timer of [this.#saveTimer, this.#placeTimer]) if (timer !== null) clearInterval(timer);
    this.#saveTimer = null;
    this.#placeTimer = null;
    this.#deliveries.disconnect();
    await this.#publishes.disconnect();
    await this.#view.close();
    if (this.#durable) await this.#deps.save(this.record());
  }

  /** Ends the session: nothing of it is left. */
  async end(): Promise<void> {
    await this.detach();
    this.#deliveries.end();
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
    const retained = this.#retained.of(fresh, this.#link);
    if (this.#filters.own.size > 0 && this.#link !== null) await this.#view.open(this.#link).ready();
    for (const subscription of joined) await this.#deps.shared.join(this, subscription);
    if (this.#durable) await this.#deps.save(this.record());
    const codes =
      this.#link?.version === 5 ? granted : granted.map((code) => (code > 2 ? REASON.unspecified : code));
    this.#link?.send({ cmd: 'suback', messageId: messageId!, granted: codes });
    if (retained !== null) await this.#retained.send(retained);
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

  // ---- what it shares with others --------------------------------------------------------------------------------

  /** It can be given a message now. */
  get hasRoom(): boolean {
    return this.#deliveries.hasRoom;
  }

  /** Resolves once it has room, or its client is gone. */
  async whenReady(): Promise<void> {
    if (this.#link !== null) await this.#deliveries.whenRoom(this.#link);
  }

  /** Sends a message of a group. */
  sendShared(message: DeliveredMessage, subscription: MqttSubscription, shared: SharedDelivery): void {
    this.#deliveries.send(message, [subscription], { retained: false, onDone: null, shared });
  }

  // ---- what it acknowledges ----------------------------------------------------------------------------------------

  puback(packetId: number): void {
    this.#deliveries.puback(packetId);
  }

  pubrec(packetId: number, refused: boolean): void {
    this.#deliveries.pubrec(packetId, refused);
  }

  pubcomp(packetId: number): void {
    this.#deliveries.pubcomp(packetId);
  }

  async #saveProgress(): Promise<void> {
    await this.#view.keepPlace({ sync: true });
    if (!this.#publishes.changed || this.#link === null) return;
    this.#publishes.changed = false;
    await this.#deps.save(this.record()).catch((error: unknown) => {
      this.#publishes.changed = true;
      this.#deps.log.warn({ client: this.clientId, error: String(error) }, 'an MQTT session was not kept');
    });
  }

  get #name(): string {
    return `mqtt.${this.#uid}`;
  }
}
