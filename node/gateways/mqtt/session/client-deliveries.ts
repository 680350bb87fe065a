import type { DeliveredMessage } from '../../../../src/index.ts';
import type { GatewayCounters } from '../gateway-counters.ts';
import { type PublishProperties, propertiesOfMessage } from '../message-mapping.ts';
import type { PublishPacket } from '../packet/packet-codec.ts';
import { REASON } from '../packet/reason-code.ts';
import type { ClientLink } from './client-link.ts';
import { type Acknowledged, OutboundState } from './outbound-state.ts';
import type { MqttSubscription } from './subscription-set.ts';

/** Options of {@link ClientDeliveries}; see `SessionOptions`. */
export interface DeliveriesOptions {
  readonly windowMessages: number;
}

/** What becomes of a message that a group of clients shares. */
export interface SharedDelivery {
  /** The client has it. */
  done(): void;
  /** Its session ended before it acknowledged it. */
  lost(): void;
}

/** A message on its way to the client. */
export interface Outgoing {
  readonly packet: PublishPacket;
  /** Names the message in the mesh; `null` for a retained value, which no place in the journal waits for. */
  readonly key: string | null;
  /** The group that gave it; `null` for what is the session's own. */
  readonly shared: SharedDelivery | null;
  /** Tells the view that it was taken from; `null` where that is closed, or there is none. */
  onDone: (() => void) | null;
  done: boolean;
}

/** Whence a message comes. */
export interface SendContext {
  readonly retained: boolean;
  readonly onDone: (() => void) | null;
  readonly shared: SharedDelivery | null;
}

/** What a client gets: messages on their way to it, as many as it takes at once, until it has acknowledged each. */
export class ClientDeliveries {
  readonly #options: DeliveriesOptions;
  readonly #counters: GatewayCounters;
  readonly #outbound = new OutboundState<Outgoing>();
  /** By name: on their way when their view was closed. The next view gives them again. */
  readonly #carried = new Map<string, Outgoing>();
  #link: ClientLink | null = null;
  #roomWaits: (() => void)[] = [];
  /** By channel: what lies there or before came while the client was away. */
  #resumedAt: ReadonlyMap<string, number> = new Map();
  /** Messages that are gone, of which a client of version 5 was not told yet. */
  #untoldGap = 0;

  constructor(options: DeliveriesOptions, counters: GatewayCounters) {
    this.#options = options;
    this.#counters = counters;
  }

  /** Messages on their way. */
  get inflight(): number {
    return this.#outbound.size;
  }

  /** How many more may be on their way. */
  get room(): number {
    return this.#outbound.room;
  }

  /** The client can be given a message now. */
  get hasRoom(): boolean {
    return this.#link?.open === true && this.#link.writable && this.#outbound.room > 0;
  }

  /** The client connects; `positions` by channel: what lies there or before came while it was away. */
  connect(link: ClientLink, positions: ReadonlyMap<string, number>): void {
    this.#link = link;
    this.#resumedAt = positions;
    this.#outbound.connect(Math.min(this.#options.windowMessages, link.receiveMaximum));
  }

  /** Sends again what was on its way. */
  sendAgain(link: ClientLink): void {
    for (const { packetId, released, message } of this.#outbound.open()) {
      this.#counters.count('messagesOutRepeated');
      if (released) link.send({ cmd: 'pubrel', messageId: packetId, reasonCode: 0 });
      else if (!link.send({ ...message.packet, messageId: packetId, dup: true })) this.#finish(message);
    }
  }

  /** The client is gone: nobody waits for room any more. */
  disconnect(): void {
    this.#link = null;
    this.#wakeRoom();
  }

  /** The session ends: what its client shares with others may go to them. */
  end(): void {
    for (const { qos, message } of this.#outbound.open()) {
      // MQTT-4.8.2-5: another client may have it; of QoS 2 this one may have it already.
      if (qos === 1) message.shared?.lost();
      else message.shared?.done();
    }
  }

  /** Waits until a message may be sent; `false` once the connection has ended. */
  async whenRoom(link: ClientLink): Promise<boolean> {
    while (this.#link === link && link.open) {
      if (!link.writable) await link.whenWritable();
      else if (this.#outbound.room > 0) return true;
      else await new Promise<void>((resolve) => this.#roomWaits.push(resolve));
    }
    return false;
  }

  // ---- out -------------------------------------------------------------------------------------------------------

  /** So many messages are gone before the next one. */
  noteGap(messages: number): void {
    this.#counters.count('gapMessages', messages);
    this.#untoldGap += messages;
  }

  /** Sends a message that matches some subscriptions. */
  send(message: DeliveredMessage, matches: readonly MqttSubscription[], context: SendContext): void {
    const link = this.#link;
    if (link === null) return;
    const { retained, onDone, shared } = context;
    const packet = this.#packetOf(link, message, { matches, retained });
    const key = onDone === null ? null : keyOf(message);
    const outgoing: Outgoing = { packet, key, shared, onDone, done: false };
    if (packet.qos === 0) {
      if (!retained && shared === null && this.#cameWhileAway(message))
        this.#counters.count('messagesOutQos0Skipped');
      else this.#transmit(link, packet);
      this.#finish(outgoing);
      return;
    }
    const messageId = this.#outbound.send(outgoing, packet.qos);
    if (this.#transmit(link, { ...packet, messageId })) return;
    // The client is not to learn of it (MQTT-3.1.2-25).
    if (packet.qos === 1) this.#outbound.puback(messageId);
    else this.#outbound.pubrec(messageId, true);
    this.#finish(outgoing);
  }

  #packetOf(
    link: ClientLink,
    message: DeliveredMessage,
    { matches, retained }: { readonly matches: readonly MqttSubscription[]; readonly retained: boolean },
  ): PublishPacket {
    const granted = Math.max(...matches.map(({ qos }) => qos));
    const keepsRetain = matches.some(({ retainAsPublished }) => retainAsPublished);
    return {
      cmd: 'publish',
      topic: message.topic,
      payload: bufferOf(message.payload),
      qos: Math.min(granted, message.client?.qos ?? 2) as 0 | 1 | 2,
      dup: false,
      retain: retained || (keepsRetain && message.retain === true),
      ...(link.version === 5 ? { properties: this.#propertiesOf(message, matches) } : {}),
    };
  }

  /** Where retention took something before the client had it, the next message says so. */
  #propertiesOf(message: DeliveredMessage, matches: readonly MqttSubscription[]): PublishProperties {
    const missing = this.#untoldGap;
    this.#untoldGap = 0;
    return propertiesOfMessage(message, { subscriptionIds: idsOf(matches), missing });
  }

  #transmit(link: ClientLink, packet: PublishPacket): boolean {
    const sent = link.send(packet);
    this.#counters.count(sent ? 'messagesOut' : 'messagesOutTooLarge');
    return sent;
  }

  /** Brokers keep nothing of QoS 0 for who is away. */
  #cameWhileAway(message: DeliveredMessage): boolean {
    return positionOf(message) <= (this.#resumedAt.get(message.channel) ?? 0);
  }

  // ---- from view to view -----------------------------------------------------------------------------------------

  /** The view is closed: what is on its way goes on without it. */
  carryOver(): void {
    for (const { message } of this.#outbound.open()) {
      message.onDone = null;
      if (message.key !== null) this.#carried.set(message.key, message);
    }
  }

  /**
   * A view gives a message: `true` if it was sent before the connection was lost, and is sent again under its packet id.
   * Then the view hears of its end.
   */
  isCarried(message: DeliveredMessage, onDone: () => void): boolean {
    if (this.#carried.size === 0) return false;
    const key = keyOf(message);
    const carried = this.#carried.get(key);
    if (carried === undefined) return false;
    this.#carried.delete(key);
    carried.onDone = onDone;
    if (carried.done) onDone();
    return true;
  }

  // ---- what the client acknowledges ------------------------------------------------------------------------------

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
    outgoing.onDone?.();
  }

  #wakeRoom(): void {
    for (const wake of this.#roomWaits.splice(0)) wake();
  }
}

function keyOf({ channel, author, epoch, seq }: DeliveredMessage): string {
  return `${channel} ${author} ${epoch} ${seq}`;
}

/** Position in the channel's journal on this node. */
export function positionOf({ offset }: DeliveredMessage): number {
  return Number.parseInt(offset.slice(offset.indexOf(':') + 1), 10);
}

function idsOf(matches: readonly MqttSubscription[]): number[] {
  return matches.flatMap(({ id }) => (id === null ? [] : [id]));
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
