import type { IConnackPacket, IPublishPacket, ISubscribePacket, Packet } from 'mqtt-packet';
import { until } from '../../mesh/mesh-world.ts';
import type { MqttClient, Received } from './mqtt-client.ts';
import type { MqttNode } from './mqtt-world.ts';

type ConnectOptions = NonNullable<Parameters<MqttClient['connect']>[0]>;
type PublishOptions = NonNullable<Parameters<MqttClient['publish']>[2]>;
type Subscription = ISubscribePacket['subscriptions'][number];

const MARKER = 'list-marker';

/**
 * A client as the interoperability lists use one: it publishes and is subscribed at once, answers what comes by itself, and keeps it
 * until the test looks.
 */
export class ListClient {
  /** What came on this connection. */
  readonly messages: IPublishPacket[] = [];
  readonly #node: MqttNode;
  readonly #version: 4 | 5;
  readonly #clientId: string;
  #client!: MqttClient;
  #answers = true;
  #lastId = 0;
  #markers = 0;

  constructor(node: MqttNode, version: 4 | 5, clientId: string) {
    this.#node = node;
    this.#version = version;
    this.#clientId = clientId;
  }

  /** The connection, for bytes that no honest client sends. */
  get wire(): MqttClient {
    return this.#client;
  }

  /** Connects on a new socket; what came on the last one is forgotten. */
  async connect(options: ConnectOptions = {}): Promise<IConnackPacket> {
    this.messages.length = 0;
    this.#answers = true;
    this.#client = await this.#node.open();
    return this.#client.connect({ version: this.#version, clientId: this.#clientId, ...options });
  }

  /** Says goodbye, and waits until the gateway knows that it is gone. */
  async disconnect(properties: object = {}): Promise<void> {
    this.#client.send({ cmd: 'disconnect', reasonCode: 0, properties });
    await this.#take('closed');
    await this.gone();
  }

  /** Ends the connection without a word. */
  async terminate(): Promise<void> {
    this.#client.drop();
    await this.gone();
  }

  /** Waits until the gateway has no connection of this client. */
  async gone(): Promise<void> {
    const connected = () =>
      this.#node.gateway.clients().some((one) => one.clientId === this.#clientId && one.connected);
    await until(() => !connected(), `${this.#clientId} is gone`);
  }

  /** From now on nothing that comes is answered. */
  pause(): void {
    this.#answers = false;
  }

  /** Subscribes to filters in one packet; returns what was granted for each. */
  async subscribe(...subscriptions: readonly (readonly [string, Partial<Subscription & { id: number }>?])[]) {
    const { id } = subscriptions[0]![1] ?? {};
    this.#client.send({
      cmd: 'subscribe',
      messageId: ++this.#lastId,
      subscriptions: subscriptions.map(([topic, { id: _id, ...options } = {}]) => ({
        qos: 2,
        ...options,
        topic,
      })),
      ...(id === undefined ? {} : { properties: { subscriptionIdentifier: id } }),
    });
    return (await this.#take('suback')).granted as number[];
  }

  async unsubscribe(filter: string): Promise<void> {
    this.#client.send({ cmd: 'unsubscribe', messageId: ++this.#lastId, unsubscriptions: [filter] });
    await this.#take('unsuback');
  }

  /** Publishes, to the end of the flow; returns the reason. */
  async publish(
    topic: string,
    payload: string,
    { qos = 0, ...options }: PublishOptions = {},
  ): Promise<number> {
    const messageId = ++this.#lastId;
    const packet = { cmd: 'publish', topic, payload, qos, messageId, dup: false, retain: false } as const;
    this.#client.send({ ...packet, ...options } as Packet);
    if (qos === 0) return 0;
    const { reasonCode = 0 } = await this.#take(qos === 1 ? 'puback' : 'pubrec');
    if (qos === 1 || reasonCode >= 0x80) return reasonCode;
    this.#client.send({ cmd: 'pubrel', messageId });
    await this.#take('pubcomp');
    return 0;
  }

  /** Waits until so many messages have come, and returns all that have. */
  async arrived(count: number): Promise<readonly IPublishPacket[]> {
    while (this.messages.length < count) this.#keep(await this.#client.next());
    return this.messages;
  }

  /**
   * All that has come once a later message has: what is not there is not sent. The retained values of earlier subscriptions are
   * sent before it too.
   */
  async settled(): Promise<readonly IPublishPacket[]> {
    const topic = `${MARKER}/${this.#clientId}`;
    const payload = String(++this.#markers);
    await this.subscribe([topic, { qos: 1 }]);
    await this.publish(topic, payload, { qos: 1 });
    const isMarker = (one: IPublishPacket) => one.topic === topic && String(one.payload) === payload;
    while (!this.messages.some(isMarker)) this.#keep(await this.#client.next());
    this.messages.splice(this.messages.findIndex(isMarker), 1);
    await this.pinged();
    return this.messages;
  }

  /** All that was sent before the answer to a PINGREQ. */
  async pinged(): Promise<readonly IPublishPacket[]> {
    this.#client.send({ cmd: 'pingreq' });
    await this.#take('pingresp');
    return this.messages;
  }

  /** What ended the connection: a reason, or nothing but the end. */
  async end(): Promise<number | 'closed'> {
    for (;;) {
      const packet = await this.#client.next();
      if (packet.cmd === 'closed') return 'closed';
      if (packet.cmd === 'disconnect') return packet.reasonCode ?? 0;
      this.#keep(packet);
    }
  }

  async #take<C extends Received['cmd']>(cmd: C): Promise<Extract<Received, { cmd: C }>> {
    for (;;) {
      const packet = await this.#client.next();
      if (packet.cmd === cmd) return packet as never;
      this.#keep(packet);
    }
  }

  #keep(packet: Received): void {
    if (packet.cmd === 'closed' || packet.cmd === 'disconnect')
      throw new Error(`the gateway ended the connection: ${JSON.stringify(packet)}`);
    if (packet.cmd === 'publish') this.messages.push(packet);
    if (!this.#answers) return;
    const messageId = (packet as { messageId?: number }).messageId!;
    if (packet.cmd === 'pubrel') this.#client.send({ cmd: 'pubcomp', messageId });
    if (packet.cmd !== 'publish' || packet.qos === 0) return;
    this.#client.send({ cmd: packet.qos === 1 ? 'puback' : 'pubrec', messageId });
  }
}
