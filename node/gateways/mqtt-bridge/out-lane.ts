import {
  checkTopic,
  type DeliveredMessage,
  type Delivery,
  type Log,
  type SelectiveSubscription,
} from '../../../src/index.ts';
import { propertiesOfMessage } from '../mqtt/message-mapping.ts';
import type { PublishPacket, ServerPacket } from '../mqtt/packet/packet-codec.ts';
import type { BridgeCounters } from './bridge-counters.ts';
import { cameBy, ID_PROPERTY, outgoingMarks, PATH_HEADER } from './bridge-mark.ts';
import type { BridgeMesh } from './bridge-mesh.ts';
import { BRIDGES_LEVEL, type BridgeOptions } from './bridge-options.ts';
import type { BrokerConnection } from './broker-connection.ts';
import { OutFlightState, type OutItem } from './out-flight-state.ts';
import type { LogPlace, LogReach, ProgressState } from './progress-state.ts';
import { TopicMap } from './topic-map.ts';

/** What an {@link OutLane} works with. */
export interface OutLaneDependencies {
  readonly bridge: BridgeOptions;
  readonly realm: string;
  readonly mesh: BridgeMesh;
  readonly progress: ProgressState;
  readonly counters: BridgeCounters;
  readonly log: Log;
  readonly nowMs: () => number;
  /** It reads the mesh no more, and does not begin again before a restart. */
  readonly onTrouble: (text: string) => void;
  /** A message of another bridge goes out. */
  readonly onForward: (message: DeliveredMessage) => void;
}

interface Taken {
  readonly delivery: Delivery;
  readonly takenAtMs: number;
}

/** Unanswered at once; a broker may want fewer. */
const WINDOW = 64;
/** Held in memory; the rest waits in the journal. */
const HELD_MESSAGES_MAX = 1_024;
const HELD_BYTES_MAX = 8 * 1_048_576;
/** A disk that does not take acknowledgements is asked again after that long, milliseconds. */
const RETRY_MS = 1_000;
/** "Unspecified", "implementation specific" and "quota exceeded" pass; other refusals stay. */
const PASSING_REFUSALS: readonly number[] = [0x80, 0x83, 0x97];

/**
 * From the mesh to the broker: a durable subscription that is acknowledged once the broker has answered for a message,
 * or once another node says that it has. Who stands by reads along and sends nothing.
 */
export class OutLane {
  readonly #deps: OutLaneDependencies;
  readonly #map: TopicMap;
  readonly #flight = new OutFlightState<Taken>();
  #subscription: SelectiveSubscription | null = null;
  #connection: BrokerConnection | null = null;
  #carrying = false;
  #landed: PromiseWithResolvers<void> | null = null;
  #room = Promise.withResolvers<void>();
  #owed = 0;
  #acknowledging: Promise<void> | null = null;
  #filling: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: OutLaneDependencies) {
    this.#deps = deps;
    this.#map = new TopicMap(deps.bridge.out);
  }

  /** Messages that are held and that the broker has not answered for. */
  get waiting(): number {
    return this.#flight.size;
  }

  /** Opens the durable subscription. A new one begins with what arrives from now on. */
  async start(): Promise<void> {
    const { bridge, mesh } = this.#deps;
    if (bridge.out.length === 0) return;
    const wants = (topic: string) => !topic.startsWith(`${BRIDGES_LEVEL}/`) && this.#map.wants(topic);
    const subscription = mesh.subscribeWhere(wants, { durable: `bridge.${bridge.name}`, from: 'new' });
    await subscription.ready();
    this.#subscription = subscription;
    this.#filling = this.#fill(subscription).catch((error: unknown) => {
      if (this.#stopped) return;
      this.#deps.onTrouble(`nothing goes out: ${String(error)}`);
      this.#deps.log.error({ bridge: bridge.name, reason: String(error) }, 'a bridge reads the mesh no more');
    });
  }

  /** Sends nothing more; what the broker has not answered for comes again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#room.resolve();
    await this.#acknowledging;
    await this.#subscription?.close();
    await this.#filling;
  }

  /** Sends, or stands by. */
  carry(carrying: boolean): void {
    this.#carrying = carrying;
    this.#pump();
  }

  /** The connection that is sent on from now on. */
  attach(connection: BrokerConnection): void {
    this.#connection = connection;
    if (connection.facts.sessionPresent) for (const item of this.#flight.unanswered()) this.#send(item, true);
    else this.#flight.forgetSent();
    this.#settleCovered();
    this.#pump();
  }

  detach(): void {
    this.#connection = null;
    this.#landed?.resolve();
  }

  /** Resolves once all that was sent is answered, or the connection is over. */
  async landed(): Promise<void> {
    if (this.#connection === null || this.#flight.flying === 0) return;
    this.#landed ??= Promise.withResolvers();
    await this.#landed.promise;
  }

  /** Another node has sent messages. */
  onProgress(reach: readonly LogReach[]): void {
    for (const one of reach) this.#deps.progress.hear(one);
    this.#settleCovered();
  }

  #settleCovered(): void {
    this.#deps.counters.outByOthers += this.#flight.settle(({ delivery }) => this.#isCovered(delivery));
    this.#settle();
  }

  /** An answer of the broker. */
  onPacket(packet: ServerPacket): void {
    if (packet.cmd !== 'puback' && packet.cmd !== 'pubrec' && packet.cmd !== 'pubcomp') return;
    const { messageId = 0, reasonCode = 0 } = packet;
    if (reasonCode >= 0x80 && packet.cmd !== 'pubcomp') {
      this.#onRefused(messageId, reasonCode);
      return;
    }
    if (packet.cmd === 'pubrec') {
      this.#flight.received(messageId);
      this.#connection?.send({ cmd: 'pubrel', messageId });
      return;
    }
    if (this.#flight.answered(messageId) === null) return;
    this.#deps.counters.out++;
    this.#settle();
    if (this.#flight.flying === 0) this.#landed?.resolve();
  }

  #onRefused(packetId: number, reasonCode: number): void {
    if (PASSING_REFUSALS.includes(reasonCode)) {
      this.#connection?.drop(`the broker does not take messages now (0x${reasonCode.toString(16)})`);
      return;
    }
    const item = this.#flight.answered(packetId);
    if (item === null) return;
    this.#refuse(item.message.delivery, `the broker refused it with 0x${reasonCode.toString(16)}`);
    this.#settle();
  }

  async #fill(subscription: SelectiveSubscription): Promise<void> {
    while (!this.#stopped) {
      const room = HELD_MESSAGES_MAX - this.#flight.size;
      if (room <= 0 || this.#flight.bytes >= HELD_BYTES_MAX) {
        this.#room = Promise.withResolvers();
        await this.#room.promise;
        continue;
      }
      const deliveries = await subscription.take(Math.min(room, WINDOW));
      // Closed: a subscription gives at least one otherwise.
      if (deliveries.length === 0) return;
      for (const delivery of deliveries) this.#add(delivery);
      this.#settle();
      this.#pump();
    }
  }

  #add(delivery: Delivery): void {
    const { counters, bridge } = this.#deps;
    const taken = { delivery, takenAtMs: this.#deps.nowMs() };
    if (delivery.kind === 'gap') {
      counters.outMissing += delivery.last - delivery.first + 1;
      this.#flight.add(taken, 0, true);
      return;
    }
    const own = cameBy(delivery.headers, bridge.name);
    if (own) counters.outOwn++;
    const covered = !own && this.#isCovered(delivery);
    if (covered) counters.outByOthers++;
    this.#flight.add(taken, delivery.payload.length, own || covered);
  }

  #isCovered(delivery: Delivery): boolean {
    return delivery.kind === 'message' && this.#deps.progress.covers(delivery);
  }

  #pump(): void {
    const connection = this.#connection;
    if (!this.#carrying || connection === null || this.#stopped) return;
    const items = this.#flight.takeToSend(Math.min(WINDOW, connection.facts.receiveMaximum));
    for (const item of items) this.#send(item, false);
    if (items.some(({ stage }) => stage === 'done')) this.#settle();
  }

  #send(item: OutItem<Taken>, again: boolean): void {
    const connection = this.#connection!;
    if (item.stage === 'released') return void connection.send({ cmd: 'pubrel', messageId: item.packetId });
    const packet = this.#packetOf(item, connection, again);
    if (packet === null) this.#flight.drop(item);
    else if (!connection.send(packet)) {
      this.#refuse(item.message.delivery, 'it is larger than the broker takes, or MQTT has no form for it');
      this.#flight.drop(item);
    }
  }

  #packetOf(
    { message, packetId }: OutItem<Taken>,
    { facts }: BrokerConnection,
    dup: boolean,
  ): PublishPacket | null {
    const { bridge, realm, counters, nowMs } = this.#deps;
    const delivery = message.delivery as DeliveredMessage;
    const topic = this.#map.map(delivery.topic);
    if (topic === null || !checkTopic(topic).ok) {
      this.#refuse(delivery, 'its topic at the broker would be none');
      return null;
    }
    const { headers, path } = outgoingMarks(delivery.headers, realm);
    const lifetimeLeftMs = leftMs(delivery, nowMs() - message.takenAtMs);
    if (lifetimeLeftMs !== undefined && lifetimeLeftMs <= 0 && !dup) {
      counters.outExpired++;
      return null;
    }
    if (delivery.headers?.bridge !== undefined) this.#deps.onForward(delivery);
    const left = lifetimeLeftMs === undefined ? {} : { lifetimeLeftMs: Math.max(1, lifetimeLeftMs) };
    return {
      cmd: 'publish',
      topic,
      payload: Buffer.from(delivery.payload),
      qos: Math.min(bridge.qos, facts.qosMax) === 2 ? 2 : 1,
      messageId: packetId,
      retain: delivery.retain === true && facts.retainAvailable,
      dup,
      ...(bridge.version === 5 ? { properties: propertiesOf({ ...delivery, headers, ...left }, path) } : {}),
    };
  }

  #refuse(delivery: Delivery, reason: string): void {
    const { counters, log, bridge } = this.#deps;
    counters.outRefused++;
    const topic = delivery.kind === 'message' ? delivery.topic : '';
    log.warn({ bridge: bridge.name, topic, reason }, 'a message did not go out by a bridge');
  }

  /** What is done is acknowledged to the mesh, and told to the others. */
  #settle(): void {
    const done = this.#flight.takeDone();
    if (done.length === 0) return;
    for (const { delivery } of done) this.#note(delivery);
    this.#owed += done.length;
    this.#room.resolve();
    this.#acknowledging ??= this.#acknowledge();
    this.#pump();
  }

  #note(delivery: Delivery): void {
    const { progress, bridge } = this.#deps;
    if (delivery.kind === 'gap') progress.skip(placeOf(delivery, delivery.first), delivery.last);
    else if (!cameBy(delivery.headers, bridge.name) && !progress.covers(delivery)) progress.advance(delivery);
  }

  /** As many at once as have come together while the last ones were written. */
  async #acknowledge(): Promise<void> {
    while (this.#owed > 0) {
      const owed = this.#owed;
      try {
        await this.#subscription!.acknowledge(owed);
        this.#owed -= owed;
      } catch (error) {
        if (this.#stopped) break;
        this.#deps.log.warn(
          { bridge: this.#deps.bridge.name, reason: String(error) },
          'a bridge cannot keep its place',
        );
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.#acknowledging = null;
  }
}

function placeOf({ author, channel, epoch }: Delivery, seq: number): LogPlace {
  return { author, channel, epoch, seq };
}

/** What is left of a lifetime after it has waited here. */
function leftMs({ lifetimeLeftMs }: DeliveredMessage, waitedMs: number): number | undefined {
  return lifetimeLeftMs === undefined ? undefined : lifetimeLeftMs - Math.max(0, waitedMs);
}

function propertiesOf(message: DeliveredMessage, path: string): NonNullable<PublishPacket['properties']> {
  const properties = propertiesOfMessage(message, { subscriptionIds: [], missing: 0 });
  const { author, channel, epoch, seq } = message;
  const own = [{ [PATH_HEADER]: path }, { [ID_PROPERTY]: `${author}/${channel}/${epoch}/${seq}` }];
  const others = (properties.userProperties ?? []) as unknown as readonly Record<string, string>[];
  return { ...properties, userProperties: [...others, ...own] as never };
}
