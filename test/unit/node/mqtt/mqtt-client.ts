import { connect, type Socket } from 'node:net';
import { generate, type IConnectPacket, type Packet, type Parser, parser } from 'mqtt-packet';

/** A packet of the gateway, or that it closed the connection. */
export type Received = Packet | { readonly cmd: 'closed' };

const PATIENCE_MS = 5_000;

/** A client that can send any bytes and sees every packet. */
export class MqttClient {
  readonly #socket: Socket;
  readonly #parser: Parser;
  readonly #packets: Received[] = [];
  #wake: (() => void) | null = null;
  #version = 4;
  #nextId = 1;
  /** Packet ids of QoS 2 that `message` answered: their PUBREL is answered by itself. */
  readonly #received = new Set<number>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#parser = parser({ protocolVersion: 4 });
    socket.on('data', (chunk) => this.#parser.parse(chunk));
    socket.on('error', () => {});
    socket.on('close', () => this.#push({ cmd: 'closed' }));
    this.#parser.on('packet', (packet) => this.#push(packet));
    this.#parser.on('error', (error: Error) => this.#push({ cmd: 'closed', error } as never));
  }

  static open(port: number): Promise<MqttClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port }, () => resolve(new MqttClient(socket)));
      socket.once('error', reject);
    });
  }

  /** Connects; returns the CONNACK, or that the connection was closed. */
  async connect(
    options: Partial<IConnectPacket> & { readonly version?: 3 | 4 | 5 } = {},
  ): Promise<Extract<Packet, { cmd: 'connack' }>> {
    const { version = 4, ...packet } = options;
    this.speak(version);
    const protocolId = version === 3 ? 'MQIsdp' : 'MQTT';
    this.send({ cmd: 'connect', protocolId, protocolVersion: version, clientId: '', clean: true, ...packet });
    return (await this.next()) as never;
  }

  /** The version of what follows. */
  speak(version: 3 | 4 | 5): void {
    this.#version = version;
    (this.#parser as unknown as { settings: object }).settings = { protocolVersion: version };
  }

  send(packet: Packet): void {
    this.#socket.write(generate(packet, { protocolVersion: this.#version }));
  }

  /** Sends bytes as they are. */
  raw(...bytes: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(bytes));
  }

  /** Ends the connection without a word. */
  drop(): void {
    this.#socket.destroy();
  }

  /** Stops and goes on reading. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The next packet but those that `skip` names. */
  async next(): Promise<Received> {
    const end = performance.now() + PATIENCE_MS;
    while (this.#packets.length === 0) {
      const left = end - performance.now();
      if (left <= 0) throw new Error('the gateway sent nothing');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#packets.shift()!;
  }

  /** The next packet, which is to be of a kind. */
  async expect<C extends Received['cmd']>(cmd: C): Promise<Extract<Received, { cmd: C }>> {
    const packet = await this.next();
    if (packet.cmd !== cmd)
      throw new Error(`a ${packet.cmd} came in place of a ${cmd}: ${JSON.stringify(packet)}`);
    return packet as never;
  }

  /** What the gateway did next: closed, or for version 5 the reason that it gave before that. */
  async end(): Promise<number | 'closed'> {
    const packet = await this.next();
    if (packet.cmd === 'closed') return 'closed';
    if (packet.cmd !== 'disconnect') throw new Error(`a ${packet.cmd} came in place of the end`);
    await this.expect('closed');
    return packet.reasonCode ?? 0;
  }

  /** Publishes and waits for the answer to the end of the flow. */
  async publish(
    topic: string,
    payload: string | Buffer,
    options: { readonly qos?: 0 | 1 | 2; readonly retain?: boolean; readonly properties?: object } = {},
  ): Promise<number> {
    const { qos = 1, retain = false, properties } = options;
    const messageId = this.#nextId++;
    const packet = { cmd: 'publish', topic, payload, qos, retain, dup: false, messageId } as const;
    this.send({ ...packet, ...(properties === undefined ? {} : { properties }) });
    if (qos === 0) return 0;
    if (qos === 1) return ((await this.expect('puback')).reasonCode ?? 0) as number;
    const { reasonCode = 0 } = await this.expect('pubrec');
    if (reasonCode >= 0x80) return reasonCode;
    this.send({ cmd: 'pubrel', messageId });
    await this.expect('pubcomp');
    return 0;
  }

  /** Subscribes; returns what was granted. */
  async subscribe(
    filter: string,
    options: {
      readonly qos?: 0 | 1 | 2;
      readonly nl?: boolean;
      readonly rap?: boolean;
      readonly rh?: number;
      readonly id?: number;
    } = {},
  ): Promise<number> {
    const { qos = 2, id, ...rest } = options;
    const properties = id === undefined ? {} : { properties: { subscriptionIdentifier: id } };
    this.send({
      cmd: 'subscribe',
      messageId: this.#nextId++,
      subscriptions: [{ topic: filter, qos, ...rest }],
      ...properties,
    });
    const { granted } = await this.expect('suback');
    return granted[0] as number;
  }

  /** The next message, acknowledged. */
  async message(): Promise<Extract<Packet, { cmd: 'publish' }>> {
    const packet = await this.expect('publish');
    if (packet.qos === 1) this.send({ cmd: 'puback', messageId: packet.messageId! });
    if (packet.qos === 2) {
      this.#received.add(packet.messageId!);
      this.send({ cmd: 'pubrec', messageId: packet.messageId! });
    }
    return packet;
  }

  /** The payloads of so many messages. */
  async payloads(count: number): Promise<string[]> {
    const found: string[] = [];
    while (found.length < count) found.push(String((await this.message()).payload));
    return found;
  }

  /** Makes sure that nothing has come: a PINGREQ is answered first. */
  async quiet(): Promise<void> {
    this.send({ cmd: 'pingreq' });
    await this.expect('pingresp');
  }

  #push(packet: Received): void {
    if (packet.cmd === 'pubrel' && this.#received.delete(packet.messageId!)) {
      this.send({ cmd: 'pubcomp', messageId: packet.messageId! });
      return;
    }
    this.#packets.push(packet);
    this.#wake?.();
  }
}

/** Bytes of a packet: its first byte and what follows the length. */
export function bytesOf(first: number, ...body: readonly (Buffer | number)[]): Buffer {
  const bytes = Buffer.concat(body.map((part) => (typeof part === 'number' ? Buffer.of(part) : part)));
  return Buffer.concat([Buffer.of(first), lengthOf(bytes.length), bytes]);
}

/** A variable byte integer. */
export function lengthOf(length: number): Buffer {
  const bytes: number[] = [];
  let left = length;
  do {
    const more = left >= 128 ? 0x80 : 0;
    bytes.push((left % 128) | more);
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.from(bytes);
}

/** A text or bytes with their length before them. */
export function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([u16(bytes.length), bytes]);
}

export function u16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
