import {
  checkTopic,
  isSedgeError,
  type Log,
  PAYLOAD_BYTES_MAX,
  type PublishOptions,
} from '../../../src/index.ts';
import { optionsOfProperties } from '../mqtt/message-mapping.ts';
import type { PublishPacket, ServerPacket } from '../mqtt/packet/packet-codec.ts';
import type { BridgeCounters } from './bridge-counters.ts';
import {
  BRIDGE_HEADER,
  BRIDGE_ID_HEADER,
  bridgeIdOf,
  type InMark,
  PATH_HEADER,
  readMarks,
  type UserProperties,
} from './bridge-mark.ts';
import type { BridgeMesh } from './bridge-mesh.ts';
import { BRIDGES_LEVEL, type BridgeOptions } from './bridge-options.ts';
import type { BrokerConnection } from './broker-connection.ts';
import { KnownValues } from './known-values.ts';
import type { RedeliveryState } from './redelivery-state.ts';
import { TopicMap } from './topic-map.ts';

/** What an {@link InLane} works with. */
export interface InLaneDependencies {
  readonly bridge: BridgeOptions;
  readonly realm: string;
  readonly mesh: BridgeMesh;
  readonly redelivery: RedeliveryState;
  readonly counters: BridgeCounters;
  readonly log: Log;
  /** A message has come in. */
  readonly onTaken: (topic: string, payload: Uint8Array) => void;
  /** Something went round. */
  readonly onLoop: (topic: string) => void;
}

type Taken = Extract<InMark, { kind: 'take' }>;

/** Messages of the broker that may be unanswered; it is told so, or not read meanwhile. */
export const IN_WINDOW = 256;
const IN_BYTES_MAX = 4 * 1_048_576;
/** Own messages of an earlier life that are looked at for what the broker sends again. */
const RECALLED_MAX = 4_096;
const PACKET_IDS = 65_536;
/** Numbers that a power cut took from this journal may lie at other nodes: so many are left out. */
const SKIPPED = 65_536;
const SUBSCRIBE_PACKET_ID = 1;

/** From the broker into the mesh: what came is acknowledged once it is on the disk here. */
export class InLane {
  readonly #deps: InLaneDependencies;
  readonly #map: TopicMap;
  readonly #producer: string;
  /** By bridge id: on its way into the mesh. */
  readonly #pending = new Map<string, Promise<boolean>>();
  #counter = 0;
  #connection: BrokerConnection | null = null;
  #known: KnownValues | null = null;
  #answers: Promise<void> = Promise.resolve();
  #retiring = false;
  #unanswered = 0;
  #unansweredBytes = 0;
  #reason: string | null = null;

  constructor(deps: InLaneDependencies) {
    this.#deps = deps;
    this.#map = new TopicMap(deps.bridge.in);
    this.#producer = `bridge/${deps.bridge.name}`;
  }

  /** Why the broker sends nothing on a filter; `null` if it does. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Finds out what an earlier life had taken in: the broker may send it again. */
  async start(): Promise<void> {
    const { mesh, redelivery } = this.#deps;
    const own = await mesh.publishedBy(this.#producer, { from: 0, max: RECALLED_MAX });
    for (const { headers } of own) {
      const bridgeId = headers?.[BRIDGE_ID_HEADER];
      if (bridgeId !== undefined) redelivery.note(bridgeId, mesh.node);
    }
    const last = own.at(-1)?.publishId?.n;
    this.#counter = last === undefined ? 0 : Math.floor(last / PACKET_IDS) + SKIPPED;
  }

  /** Subscribes on a connection that has just begun. */
  async attach(connection: BrokerConnection): Promise<void> {
    const { bridge, mesh, redelivery } = this.#deps;
    const { sessionPresent } = connection.facts;
    this.#connection = connection;
    this.#retiring = false;
    this.#reason = null;
    if (!sessionPresent) redelivery.clear();
    // Version 5 can be told to send retained values of new subscriptions alone; 3.1.1 sends them each time.
    const sendsValues = !sessionPresent || bridge.version !== 5;
    this.#known = sendsValues ? await KnownValues.read(mesh, bridge.in) : null;
    if (this.#connection !== connection) return;
    connection.listen({ onPacket: (packet) => this.#onPacket(packet, connection) });
    connection.send({
      cmd: 'subscribe',
      messageId: SUBSCRIBE_PACKET_ID,
      subscriptions: bridge.in.map(({ filter: topic }) => ({
        topic,
        qos: 1,
        ...(bridge.version === 5 ? { nl: true, rap: true, rh: 1 } : {}),
      })),
    });
  }

  /** The connection is over; what it brought is still taken in. */
  detach(connection: BrokerConnection): void {
    if (this.#connection === connection) this.#connection = null;
  }

  /** Takes in and answers what has come, and reads no further: the next carrier is to get none of it again. */
  async retire(): Promise<void> {
    this.#retiring = true;
    this.#connection?.pause();
    await this.#answers;
  }

  #onPacket(packet: ServerPacket, connection: BrokerConnection): void {
    if (packet.cmd === 'publish') {
      this.#onPublish(packet, connection);
      return;
    }
    if (packet.cmd === 'pubrel') {
      connection.send({ cmd: 'pubcomp', messageId: packet.messageId ?? 0 });
      return;
    }
    if (packet.cmd !== 'suback') return;
    const refused = this.#deps.bridge.in.filter((_, at) => Number(packet.granted[at] ?? 0x80) >= 0x80);
    if (refused.length === 0) return;
    this.#reason = `the broker refuses ${refused.map(({ filter }) => filter).join(', ')}`.slice(0, 200);
    this.#deps.log.warn(
      { bridge: this.#deps.bridge.name, reason: this.#reason },
      'a bridge lacks a subscription',
    );
  }

  #onPublish(packet: PublishPacket, connection: BrokerConnection): void {
    const bytes = packet.payload.length;
    this.#unanswered++;
    this.#unansweredBytes += bytes;
    if (this.#isFull()) connection.pause();
    const taken = this.#take(packet);
    // Answers in the order of what they answer.
    this.#answers = this.#answers
      .then(() => taken)
      .then((good) => {
        this.#unanswered--;
        this.#unansweredBytes -= bytes;
        if (!good) return connection.drop('the mesh does not take messages now');
        if (packet.qos === 1) connection.send({ cmd: 'puback', messageId: packet.messageId! });
        if (packet.qos === 2) connection.send({ cmd: 'pubrec', messageId: packet.messageId! });
        if (!this.#isFull() && !this.#retiring) connection.resume();
      });
  }

  #isFull(): boolean {
    return this.#unanswered >= IN_WINDOW || this.#unansweredBytes >= IN_BYTES_MAX;
  }

  /** Whether the message may be answered: it is in the mesh, or will never be. */
  #take(packet: PublishPacket): boolean | Promise<boolean> {
    const { counters, realm, onLoop } = this.#deps;
    const mark = readMarks(pairsOf(packet), realm);
    if (mark.kind === 'echo') {
      counters.inEchoes++;
      return true;
    }
    if (mark.kind === 'loop') {
      onLoop(packet.topic);
      return true;
    }
    const topic = this.#map.map(packet.topic);
    const refusal = topic === null ? 'no rule takes it' : refusalOf(topic, packet.payload.length);
    if (topic === null || refusal !== null) return this.#refuse(packet.topic, refusal!);
    if (packet.retain && this.#known?.isKnown(topic, payloadOf(packet)) === true) {
      counters.inKnown++;
      return true;
    }
    return this.#publish(packet, topic, mark);
  }

  #refuse(topic: string, reason: string): true {
    const { counters, log, bridge } = this.#deps;
    counters.inRefused++;
    log.warn(
      { bridge: bridge.name, topic: topic.slice(0, 200), reason },
      'a message did not come in by a bridge',
    );
    return true;
  }

  #publish(packet: PublishPacket, topic: string, mark: Taken): boolean | Promise<boolean> {
    const { redelivery, counters } = this.#deps;
    const payload = payloadOf(packet);
    const bridgeId = packet.qos === 0 ? null : bridgeIdOf(packet.messageId!, packet.topic, payload);
    if (bridgeId !== null && packet.dup) {
      const pending = this.#pending.get(bridgeId);
      if (pending !== undefined || redelivery.has(bridgeId)) {
        counters.inAgain++;
        return pending ?? true;
      }
    }
    const published = this.#store(packet, {
      topic,
      payload,
      options: this.#optionsOf(packet, mark, bridgeId),
    });
    if (bridgeId === null) return published;
    this.#pending.set(bridgeId, published);
    return published.then((good) => {
      this.#pending.delete(bridgeId);
      if (good) redelivery.note(bridgeId, this.#deps.mesh.node);
      return good;
    });
  }

  #optionsOf(
    packet: PublishPacket,
    { path, userProperties }: Taken,
    bridgeId: string | null,
  ): PublishOptions {
    const { bridge } = this.#deps;
    const { headers, ...others } = optionsOfProperties(packet.properties, userProperties);
    const n = this.#counter++ * PACKET_IDS + (packet.messageId ?? 0);
    return {
      ...others,
      headers: {
        ...headers,
        [BRIDGE_HEADER]: bridge.name,
        ...(bridgeId === null ? {} : { [BRIDGE_ID_HEADER]: bridgeId }),
        ...(path === null ? {} : { [PATH_HEADER]: path }),
      },
      ...(packet.retain ? { retain: true } : {}),
      ...(bridgeId === null ? { ack: 'accepted' } : { id: { producer: this.#producer, n } }),
    };
  }

  async #store(
    packet: PublishPacket,
    {
      topic,
      payload,
      options,
    }: { readonly topic: string; readonly payload: Uint8Array; readonly options: PublishOptions },
  ): Promise<boolean> {
    const { mesh, counters, onTaken, log, bridge } = this.#deps;
    try {
      await mesh.publish(topic, payload, options);
      counters.in++;
      onTaken(topic, payload);
      return true;
    } catch (error) {
      if (!isSedgeError(error)) throw error;
      if (isForGood(error.code)) return this.#refuse(packet.topic, error.code);
      log.warn({ bridge: bridge.name, code: error.code }, 'the mesh does not take what a broker sends');
      return false;
    }
  }
}

function refusalOf(topic: string, bytes: number): string | null {
  if (topic === BRIDGES_LEVEL || topic.startsWith(`${BRIDGES_LEVEL}/`))
    return "it is among the bridges' own topics";
  if (bytes > PAYLOAD_BYTES_MAX) return 'it is larger than 1 MiB';
  const checked = checkTopic(topic);
  return checked.ok ? null : checked.code;
}

/** A message that the mesh will never take. */
function isForGood(code: string): boolean {
  return code.startsWith('topic.') || code.startsWith('entry.') || code === 'mesh.bad-option';
}

function payloadOf({ payload }: PublishPacket): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}

/** User properties as pairs. mqtt-packet keeps the order of values of a name, not that of names. */
function pairsOf({ properties }: PublishPacket): UserProperties {
  return Object.entries(properties?.userProperties ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, String(one)] as const),
  );
}
