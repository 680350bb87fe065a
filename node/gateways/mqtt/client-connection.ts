import { assertNever, type Log } from '../../../src/errors/index.ts';
import { ConnectionState } from './connection-state.ts';
import type { GatewayCounters } from './gateway-counters.ts';
import type { ClientStream } from './listeners/listener.ts';
import { CONNECT_BYTES_MAX, type ResolvedMqttOptions } from './mqtt-options.ts';
import { OutgoingAliases } from './outgoing-aliases.ts';
import type { ProtocolVersion } from './packet/frame.ts';
import { FrameSplitter } from './packet/frame-splitter.ts';
import {
  type ClientPacket,
  type ConnectPacket,
  type DisconnectPacket,
  encodePacket,
  PacketDecoder,
  type PublishPacket,
  type ReceivedPacket,
  type ServerPacket,
} from './packet/packet-codec.ts';
import { type PacketFault, REASON, type ReasonCode, returnCodeOf } from './packet/reason-code.ts';
import { RateLimit } from './rate-limit.ts';
import type { ClientLink } from './session/client-link.ts';
import type { MqttSession } from './session/mqtt-session.ts';
import { Permissions } from './users/permissions.ts';

/** What became of a CONNECT. */
export type Admitted =
  | {
      readonly ok: true;
      readonly session: MqttSession;
      readonly sessionPresent: boolean;
      /** Set where the client gave no name. */
      readonly assignedClientId: string | null;
    }
  | ({ readonly ok: false } & PacketFault);

/** The gateway as a connection sees it. */
export interface ConnectionHost {
  /** Lets a client in, or says why not. */
  admit(connection: ClientConnection, connect: ConnectRequest): Promise<Admitted>;
  /** So many bytes wait for the rest of the CONNECT. */
  halfOpen(connection: ClientConnection, bytes: number): void;
  /** The CONNECT came. */
  introduced(connection: ClientConnection): void;
  /** The connection has ended. `willed`: not as the client announced it. */
  ended(connection: ClientConnection, end: { readonly willed: boolean }): void;
}

/** A CONNECT with what mqtt-packet does not keep. */
export interface ConnectRequest {
  readonly packet: ConnectPacket;
  readonly version: ProtocolVersion;
}

/** What a connection works with. */
export interface ClientConnectionDependencies {
  readonly host: ConnectionHost;
  readonly counters: GatewayCounters;
  readonly log: Log;
  readonly nowMs: () => number;
}

/** How long a client has to read the reason before its connection is torn down. */
const GOODBYE_MS = 1_000;

/** One client's connection: bytes in, packets to its session, and back. */
export class ClientConnection implements ClientLink {
  readonly #socket: ClientStream;
  readonly #options: ResolvedMqttOptions;
  readonly #deps: ClientConnectionDependencies;
  readonly #splitter = new FrameSplitter(CONNECT_BYTES_MAX);
  readonly #decoder = new PacketDecoder();
  readonly #state: ConnectionState;
  readonly #messageRate: RateLimit;
  #session: MqttSession | null = null;
  #clientId = '';
  #receiveMaximum = 65_535;
  #packetBytesMax = Number.POSITIVE_INFINITY;
  #outgoingAliases = new OutgoingAliases(0);
  #expirySeconds: number | null = 0;
  permissions = Permissions.ALL;
  /** Packets wait for the one before them. */
  #busy = false;
  #publishing = 0;
  #publishingBytes = 0;
  #paused = false;
  #corked = false;
  #ending = false;
  #closed = false;
  #willed = true;
  #stalledSinceMs: number | null = null;
  #writableWaits: (() => void)[] = [];

  constructor(socket: ClientStream, options: ResolvedMqttOptions, deps: ClientConnectionDependencies) {
    this.#socket = socket;
    this.#options = options;
    this.#deps = deps;
    this.#state = new ConnectionState(options, deps.nowMs());
    const perSecond = options.messagesPerSecondMax;
    this.#messageRate = new RateLimit({ perSecond, burst: perSecond }, deps.nowMs());
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => this.#onDrain());
    // The close follows.
    socket.on('error', () => {});
    socket.on('close', () => this.#onClose());
  }

  get version(): ProtocolVersion {
    return this.#decoder.version ?? 4;
  }

  get receiveMaximum(): number {
    return this.#receiveMaximum;
  }

  get open(): boolean {
    return !this.#ending && !this.#closed;
  }

  get writable(): boolean {
    return !this.#socket.writableNeedDrain;
  }

  get remoteAddress(): string {
    return `${this.#socket.remoteAddress ?? ''}:${this.#socket.remotePort ?? 0}`;
  }

  /** The name in its certificate, `null` if that has none; `undefined` where none was asked for. */
  get certificateName(): string | null | undefined {
    return this.#socket.certificateName;
  }

  get session(): MqttSession | null {
    return this.#session;
  }

  /** Its end would not be what the client announced. */
  get willed(): boolean {
    return this.#willed;
  }

  whenWritable(): Promise<void> {
    if (this.writable || !this.open) return Promise.resolve();
    return new Promise((resolve) => this.#writableWaits.push(resolve));
  }

  send(packet: ServerPacket): boolean {
    if (!this.open) return true;
    try {
      if (packet.cmd === 'publish') return this.#sendPublish(packet);
      return this.#sendBytes(encodePacket(packet, this.version));
    } catch (error) {
      // A message that MQTT has no form for must not end the agent, nor what comes behind it.
      this.#deps.log.error(
        { client: this.#clientId, error: String(error) },
        'an MQTT packet could not be written',
      );
      return false;
    }
  }

  #sendPublish(packet: PublishPacket): boolean {
    const { topic, alias, isNew } = this.#outgoingAliases.of(packet.topic);
    if (alias === null) return this.#sendBytes(encodePacket(packet, this.version));
    const properties = { ...packet.properties, topicAlias: alias };
    const sent = this.#sendBytes(encodePacket({ ...packet, topic, properties }, this.version));
    if (sent && isNew) this.#outgoingAliases.keep(topic, alias);
    return sent;
  }

  #sendBytes(bytes: Buffer): boolean {
    if (bytes.length > this.#packetBytesMax) return false;
    this.#write(bytes);
    return true;
  }

  end(reason: ReasonCode, rule: string): void {
    if (!this.open) return;
    this.#deps.log.info(
      { client: this.#clientId, from: this.remoteAddress, reason, rule },
      'an MQTT connection was ended',
    );
    if (this.version === 5 && this.#state.connected) this.send({ cmd: 'disconnect', reasonCode: reason });
    this.#goodbye();
  }

  /** Ends the connection without a word. */
  cut(): void {
    this.#ending = true;
    this.#wakeWritable();
    this.#socket.destroy();
  }

  /** Looks at the time: silence, and what was sent and not read. */
  onTime(nowMs: number): void {
    if (!this.open) return;
    if (this.#stalledSinceMs !== null && nowMs - this.#stalledSinceMs >= this.#options.stallTimeoutMs) {
      this.#deps.counters.count('stalledConnections');
      this.#deps.log.info(
        { client: this.#clientId, from: this.remoteAddress },
        'an MQTT client did not read',
      );
      this.cut();
      return;
    }
    if (this.#paused) this.#goOn();
    // What is not read is not the client's silence.
    if (this.#paused) this.#state.onActivity(nowMs);
    const fault = this.#state.onTime(nowMs);
    if (fault === null) return;
    if (this.#state.connected) this.#deps.counters.count('keepAliveTimeouts');
    this.end(fault.reason, fault.rule);
  }

  // ---- in ------------------------------------------------------------------------------------------------------

  #onData(chunk: Buffer): void {
    if (!this.open) return;
    this.#splitter.push(chunk);
    this.#drain();
    if (this.open && this.#state.expectsConnect) this.#deps.host.halfOpen(this, this.#splitter.bufferedBytes);
  }

  #drain(): void {
    while (this.open && !this.#mustWait()) {
      const frame = this.#splitter.next();
      if (frame === null) break;
      if ('reason' in frame) {
        this.#refuse(frame);
        break;
      }
      const decoded = this.#decoder.decode(frame);
      if (!decoded.ok) {
        this.#refuse(decoded);
        break;
      }
      try {
        this.#onPacket(decoded);
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#balance();
  }

  #mustWait(): boolean {
    return (
      this.#busy ||
      this.#publishing >= this.#options.publishingMax ||
      this.#publishingBytes >= this.#options.publishingBytesMax ||
      !this.#messageRate.allows(this.#deps.nowMs()) ||
      this.#socket.writableNeedDrain
    );
  }

  /** Reads on or stops reading. */
  #balance(): void {
    const pause = this.#mustWait();
    if (pause === this.#paused || this.#closed) return;
    this.#paused = pause;
    if (pause && !this.#messageRate.allows(this.#deps.nowMs())) this.#deps.counters.count('messagesInSlowed');
    if (pause) this.#socket.pause();
    else this.#socket.resume();
  }

  #goOn(): void {
    if (!this.#closed) this.#drain();
  }

  #onPacket(received: ReceivedPacket): void {
    const { packet } = received;
    const fault = this.#state.onPacket(packet.cmd, this.#deps.nowMs());
    if (fault !== null) this.#refuse(fault);
    else if (packet.cmd === 'connect') {
      this.#deps.host.introduced(this);
      this.#occupy(this.#connect(packet));
    } else if (this.#session === null) this.#refuse({ reason: REASON.protocolError, rule: '3.1.0-1' });
    else this.#forSession(this.#session, received, packet);
  }

  #forSession(
    session: MqttSession,
    received: ReceivedPacket,
    packet: Exclude<ClientPacket, ConnectPacket>,
  ): void {
    const id = packet.messageId ?? 0;
    switch (packet.cmd) {
      case 'publish':
        this.#publish(session, received, packet);
        break;
      case 'puback':
        session.puback(id);
        break;
      case 'pubrec':
        session.pubrec(id, (packet.reasonCode ?? 0) >= 0x80);
        break;
      case 'pubrel':
        session.release(id);
        break;
      case 'pubcomp':
        session.pubcomp(id);
        break;
      case 'subscribe':
        this.#occupy(session.subscribe(packet));
        break;
      case 'unsubscribe':
        this.#occupy(session.unsubscribe(id, packet.unsubscriptions));
        break;
      case 'pingreq':
        this.send({ cmd: 'pingresp' });
        break;
      case 'disconnect':
        this.#disconnect(session, packet);
        break;
      case 'auth':
        // The state refuses it: no method of authentication was agreed on.
        break;
      default:
        assertNever(packet);
    }
  }

  #publish(session: MqttSession, { userProperties }: ReceivedPacket, packet: PublishPacket): void {
    const resolved = this.#state.topicOf(packet);
    if (!resolved.ok) {
      this.#refuse(resolved);
      return;
    }
    const bytes = packet.payload.length;
    this.#messageRate.take();
    this.#publishing++;
    this.#publishingBytes += bytes;
    const done = (): void => {
      this.#publishing--;
      this.#publishingBytes -= bytes;
      if (this.#paused) this.#goOn();
    };
    session
      .publish({ packet: { ...packet, topic: resolved.topic }, userProperties })
      .then(done, (error: unknown) => {
        done();
        this.#fail(error);
      });
  }

  /** The next packets wait until this is done. */
  #occupy(work: Promise<void>): void {
    this.#busy = true;
    work
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#busy = false;
        this.#goOn();
      });
  }

  #disconnect(session: MqttSession, { reasonCode = 0, properties }: DisconnectPacket): void {
    const expiry = properties?.sessionExpiryInterval;
    if (expiry !== undefined) {
      if (this.#expirySeconds === 0 && expiry !== 0) {
        this.#refuse({ reason: REASON.protocolError, rule: '3.14.2.2.2' });
        return;
      }
      session.expirySeconds = expiry === NEVER ? null : expiry;
    }
    this.#willed = reasonCode === REASON.disconnectWithWill;
    this.#goodbye();
  }

  // ---- CONNECT ---------------------------------------------------------------------------------------------------

  async #connect(packet: ConnectPacket): Promise<void> {
    const { version } = this;
    const { properties = {} } = packet;
    this.#clientId = packet.clientId;
    this.#receiveMaximum = properties.receiveMaximum ?? 65_535;
    this.#packetBytesMax = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    const aliases = version === 5 ? (properties.topicAliasMaximum ?? 0) : 0;
    this.#outgoingAliases = new OutgoingAliases(Math.min(aliases, this.#options.topicAliasMaximum));
    const admitted = await this.#admitted({ packet, version });
    if (!admitted.ok) {
      this.#refuseConnect(admitted);
      return;
    }
    const { session, sessionPresent, assignedClientId } = admitted;
    this.#clientId = session.clientId;
    this.#expirySeconds = session.expirySeconds;
    this.#session = session;
    if (this.#closed) this.#deps.host.ended(this, { willed: this.#willed });
    if (!this.open) return;
    this.#splitter.bytesMax = this.#options.packetBytesMax;
    const keepAlive = this.#keepAliveOf(packet);
    this.#state.onConnected(keepAlive, this.#deps.nowMs());
    const { receiveMaximum, packetBytesMax: maximumPacketSize, topicAliasMaximum } = this.#options;
    this.send({
      cmd: 'connack',
      sessionPresent,
      returnCode: 0,
      reasonCode: REASON.success,
      properties: {
        receiveMaximum,
        maximumPacketSize,
        topicAliasMaximum,
        ...(keepAlive === packet.keepalive ? {} : { serverKeepAlive: keepAlive }),
        ...(assignedClientId === null ? {} : { assignedClientIdentifier: assignedClientId }),
      },
    });
    session.begin();
  }

  async #admitted(request: ConnectRequest): Promise<Admitted> {
    try {
      return await this.#deps.host.admit(this, request);
    } catch (error) {
      this.#deps.log.error(
        { client: this.#clientId, error: String(error) },
        'an MQTT client could not be let in',
      );
      return { ok: false, reason: REASON.serverUnavailable, rule: 'agent' };
    }
  }

  /** Only version 5 can be told of another one than it asked for. */
  #keepAliveOf({ keepalive = 0 }: ConnectPacket): number {
    const { keepAliveSecondsMax } = this.#options;
    const tooLong = keepalive === 0 || keepalive > keepAliveSecondsMax;
    return this.version === 5 && tooLong ? keepAliveSecondsMax : keepalive;
  }

  #refuseConnect({ reason, rule }: PacketFault): void {
    this.#deps.counters.count('connectionsRefused');
    this.#deps.log.info(
      { client: this.#clientId, from: this.remoteAddress, reason, rule },
      'an MQTT client was refused',
    );
    const returnCode = returnCodeOf(reason);
    if (this.version === 5) this.send({ cmd: 'connack', sessionPresent: false, reasonCode: reason });
    else if (returnCode !== null) this.send({ cmd: 'connack', sessionPresent: false, returnCode });
    this.#goodbye();
  }

  // ---- end -------------------------------------------------------------------------------------------------------

  #refuse(fault: PacketFault): void {
    this.#deps.counters.count('packetsRefused');
    // Before CONNECT nobody knows what the other end speaks, but for a version that is told apart.
    if (this.#state.connected) this.end(fault.reason, fault.rule);
    else if (fault.reason === REASON.unsupportedVersion) this.#refuseConnect(fault);
    else {
      this.#deps.log.info({ from: this.remoteAddress, ...fault }, 'an MQTT connection was ended');
      this.#goodbye();
    }
  }

  #fail(error: unknown): void {
    this.#deps.log.error(
      { client: this.#clientId, error: String(error) },
      'an MQTT packet could not be dealt with',
    );
    this.end(REASON.unspecified, 'agent');
  }

  #goodbye(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#wakeWritable();
    this.#socket.end();
    // Reading what is still on its way lets the end reach a client that writes all the time.
    this.#socket.resume();
    setTimeout(() => this.#socket.destroy(), GOODBYE_MS).unref();
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wakeWritable();
    this.#deps.host.ended(this, { willed: this.#willed });
  }

  // ---- out -------------------------------------------------------------------------------------------------------

  /** What is sent in one turn leaves in one write. */
  #write(bytes: Buffer): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    if (!this.#socket.write(bytes)) this.#stalledSinceMs ??= this.#deps.nowMs();
  }

  #onDrain(): void {
    this.#stalledSinceMs = null;
    this.#wakeWritable();
    this.#goOn();
  }

  #wakeWritable(): void {
    for (const wake of this.#writableWaits.splice(0)) wake();
  }
}

/** Session expiry of a session that never ends. */
const NEVER = 0xffffffff;
