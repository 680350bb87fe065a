import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import {
  generate,
  type IConnackPacket,
  type IConnectPacket,
  type IPublishPacket,
  type Packet,
  parser,
} from 'mqtt-packet';
import { vi } from 'vitest';

/** A connection to a {@link ScriptedBroker}: what came on it, and a way to say anything. */
export class ScriptedConnection {
  readonly connect: IConnectPacket;
  readonly packets: Packet[] = [];
  closed = false;
  readonly #socket: Socket;

  constructor(socket: Socket, connect: IConnectPacket) {
    this.#socket = socket;
    this.connect = connect;
    socket.on('close', () => {
      this.closed = true;
    });
  }

  send(packet: Packet): void {
    this.#socket.write(generate(packet, { protocolVersion: this.connect.protocolVersion ?? 5 }));
  }

  publish(packet: Partial<IPublishPacket>): void {
    this.send({
      cmd: 'publish',
      topic: 'in/x',
      payload: '',
      qos: 1,
      dup: false,
      retain: false,
      ...packet,
    } as IPublishPacket);
  }

  raw(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  drop(): void {
    this.#socket.destroy();
  }

  /** Packets of a kind, once there are so many. */
  async of<C extends Packet['cmd']>(cmd: C, count = 1): Promise<Extract<Packet, { cmd: C }>[]> {
    return vi.waitFor(
      () => {
        const found = this.packets.filter((packet) => packet.cmd === cmd);
        if (found.length < count) throw new Error(`${found.length} of ${count} ${cmd} so far`);
        return found as Extract<Packet, { cmd: C }>[];
      },
      { timeout: 10_000, interval: 10 },
    );
  }
}

/** A broker that does nothing by itself but accept; it answers SUBSCRIBE and PINGREQ. */
export class ScriptedBroker {
  readonly connections: ScriptedConnection[] = [];
  /** Said in each CONNACK, by client id. */
  connack: (connect: IConnectPacket) => Partial<IConnackPacket> = () => ({});
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#accept(socket));
  }

  static async start(): Promise<ScriptedBroker> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ScriptedBroker(server);
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** The connection of a client, once there are so many of it. */
  async connection(clientId: string | RegExp, count = 1): Promise<ScriptedConnection> {
    const isIt = ({ connect }: ScriptedConnection) =>
      typeof clientId === 'string' ? connect.clientId === clientId : clientId.test(connect.clientId);
    return vi.waitFor(
      () => {
        const found = this.connections.filter(isIt);
        if (found.length < count) throw new Error(`${found.length} of ${count} connections of ${clientId}`);
        return found[count - 1]!;
      },
      { timeout: 10_000, interval: 10 },
    );
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    let connection: ScriptedConnection | null = null;
    const packets = parser();
    socket.on('data', (chunk) => packets.parse(chunk));
    packets.on('packet', (packet) => {
      if (packet.cmd === 'connect') {
        connection = new ScriptedConnection(socket, packet);
        (packets as unknown as { settings: object }).settings = packet;
        connection.send({
          cmd: 'connack',
          sessionPresent: false,
          reasonCode: 0,
          returnCode: 0,
          ...this.connack(packet),
        });
        this.connections.push(connection);
        return;
      }
      connection!.packets.push(packet);
      if (packet.cmd === 'pingreq') connection!.send({ cmd: 'pingresp' });
      if (packet.cmd !== 'subscribe') return;
      const granted = packet.subscriptions.map(({ topic }) => (topic.startsWith('secret') ? 0x87 : 1));
      connection!.send({ cmd: 'suback', messageId: packet.messageId!, granted });
    });
  }
}
