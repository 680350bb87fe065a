import { connect, type Socket } from 'node:net';
import { generate, type IPublishPacket, type Packet, parser } from 'mqtt-packet';

/** What a subscriber of the broker got. */
export interface Got {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly userProperties: Readonly<Record<string, string | string[]>>;
}

const RETRY_MS = 50;

/**
 * A client of the outside broker with a session that outlives its connections: it connects again whenever it must, and
 * sends again what was not answered. It counts what it gets as it comes, but for what the broker sends again.
 */
export class OutsideClient {
  readonly got: Got[] = [];
  readonly #options: {
    readonly port: number;
    readonly clientId: string;
    readonly filters: readonly string[];
  };
  readonly #unanswered = new Map<number, IPublishPacket>();
  /** Packet ids of QoS 2 that were taken and not released: what comes under one is no second message. */
  readonly #taken = new Set<number>();
  readonly #ready = Promise.withResolvers<void>();
  #socket: Socket | null = null;
  #up = false;
  #nextId = 1;
  #closed = false;
  #timer: NodeJS.Timeout | null = null;

  private constructor(options: {
    readonly port: number;
    readonly clientId: string;
    readonly filters: readonly string[];
  }) {
    this.#options = options;
  }

  static async open(port: number, clientId: string, ...filters: readonly string[]): Promise<OutsideClient> {
    const client = new OutsideClient({ port, clientId, filters });
    client.#connect();
    await client.#ready.promise;
    return client;
  }

  /** Published, and not answered by the broker. */
  get open(): number {
    return this.#unanswered.size;
  }

  publish(topic: string, payload: string, options: Partial<IPublishPacket> = {}): void {
    const messageId = this.#nextId++;
    const packet = {
      cmd: 'publish',
      topic,
      payload,
      qos: 1,
      dup: false,
      retain: false,
      messageId,
      ...options,
    } as const;
    this.#unanswered.set(messageId, packet as IPublishPacket);
    if (this.#up) this.#send(packet as IPublishPacket);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  #connect(): void {
    const { port, clientId } = this.#options;
    const socket = connect(port, '127.0.0.1');
    const packets = parser({ protocolVersion: 5 });
    this.#socket = socket;
    packets.on('packet', (packet) => this.#take(packet));
    socket.on('data', (chunk) => packets.parse(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#up = false;
      if (!this.#closed) this.#timer = setTimeout(() => this.#connect(), RETRY_MS);
    });
    const properties = { sessionExpiryInterval: 3_600 };
    this.#send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 5,
      clientId,
      clean: false,
      keepalive: 0,
      properties,
    });
  }

  #send(packet: Packet): void {
    this.#socket!.write(generate(packet, { protocolVersion: 5 }));
  }

  #take(packet: Packet): void {
    if (packet.cmd === 'connack') this.#onConnected();
    else if (packet.cmd === 'suback') this.#ready.resolve();
    else if (packet.cmd === 'puback') this.#unanswered.delete(packet.messageId!);
    else if (packet.cmd === 'publish') this.#onPublish(packet);
    else if (packet.cmd === 'pubrel') {
      this.#taken.delete(packet.messageId!);
      this.#send({ cmd: 'pubcomp', messageId: packet.messageId! });
    }
  }

  #onConnected(): void {
    this.#up = true;
    const { filters } = this.#options;
    if (filters.length === 0) this.#ready.resolve();
    else {
      const subscriptions = filters.map((topic) => ({ topic, qos: 2 as const, rap: true, rh: 1 }));
      this.#send({ cmd: 'subscribe', messageId: 65_535, subscriptions });
    }
    for (const packet of this.#unanswered.values()) this.#send(packet);
  }

  #onPublish({ topic, payload, retain, dup, qos, messageId, properties }: IPublishPacket): void {
    // A broker that comes back may send again without the mark.
    const isRepeated = qos === 2 ? this.#taken.has(messageId!) : dup;
    if (qos === 2) this.#taken.add(messageId!);
    if (!isRepeated) {
      this.got.push({
        topic,
        payload: String(payload),
        retain,
        userProperties: { ...properties?.userProperties },
      });
    }
    if (qos === 1) this.#send({ cmd: 'puback', messageId: messageId! });
    if (qos === 2) this.#send({ cmd: 'pubrec', messageId: messageId! });
  }
}
