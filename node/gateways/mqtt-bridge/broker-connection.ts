import type { Duplex } from 'node:stream';
import { FrameSplitter } from '../mqtt/packet/frame-splitter.ts';
import { BrokerPacketDecoder, encodePacket, type ServerPacket } from '../mqtt/packet/packet-codec.ts';
import type { BridgeOptions } from './bridge-options.ts';
import { refusedByBroker, unreachable } from './broker-error.ts';
import { openBrokerStream, readPassword } from './broker-stream.ts';

/** How a connection begins. */
export interface ConnectOptions {
  readonly bridge: BridgeOptions;
  readonly clientId: string;
  /** How long the broker keeps the session without a connection; 0 begins with nothing. */
  readonly sessionSeconds: number;
  /** Messages of the broker that may be unanswered. */
  readonly receiveMaximum: number;
  /** Begins with nothing this time, also where the session is to be kept afterwards. */
  readonly fresh: boolean;
}

/** What the broker says of itself. */
export interface BrokerFacts {
  readonly sessionPresent: boolean;
  readonly receiveMaximum: number;
  readonly packetBytesMax: number;
  readonly qosMax: number;
  readonly retainAvailable: boolean;
}

/** What a connection tells. */
export interface ConnectionEvents {
  readonly onPacket: (packet: ServerPacket) => void;
}

/** `0x8e`: another client has taken the session over. */
export const SESSION_TAKEN_OVER = 0x8e;

const CONNECT_MS_MAX = 20_000;
/** What is asked of a broker of version 5; one of 3.1.1 cannot be asked, and what is larger is refused later. */
const PACKET_BYTES_MAX = 1_048_576 + 131_072;
const PACKET_BYTES_TAKEN = 16 * 1_048_576;
const CLOSE_MS_MAX = 1_000;

/** How a connection ended. */
export interface ConnectionEnd {
  readonly reason: string;
  /** Reason code of the broker's DISCONNECT; `null` without one. */
  readonly reasonCode: number | null;
}

/** A client's connection to a broker, from CONNECT on. */
export class BrokerConnection {
  readonly #stream: Duplex;
  readonly #version: 4 | 5;
  readonly #splitter = new FrameSplitter(PACKET_BYTES_TAKEN);
  readonly #decoder: BrokerPacketDecoder;
  readonly #connected = Promise.withResolvers<BrokerFacts>();
  readonly #ended = Promise.withResolvers<ConnectionEnd>();
  #onPacket: ((packet: ServerPacket) => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  #heard = true;
  #over = false;
  #facts: BrokerFacts | null = null;

  private constructor(stream: Duplex, version: 4 | 5) {
    this.#stream = stream;
    this.#version = version;
    this.#decoder = new BrokerPacketDecoder(version);
    this.#connected.promise.catch(() => {});
  }

  /** Connects; resolves once the broker has accepted. Rejects with `bridge.*`. */
  static async open(options: ConnectOptions, signal: AbortSignal): Promise<BrokerConnection> {
    const { bridge } = options;
    const password = bridge.passwordFile === null ? null : await readPassword(bridge.passwordFile);
    const stream = await openBrokerStream(bridge);
    const connection = new BrokerConnection(stream, bridge.version);
    await connection.#connect(options, password, signal);
    return connection;
  }

  get facts(): BrokerFacts {
    return this.#facts!;
  }

  /** Resolves once it is over, for whatever reason. */
  get ended(): Promise<ConnectionEnd> {
    return this.#ended.promise;
  }

  /** Packets from now on; none is lost in between if it is called in the turn in which `open` resolved. */
  listen({ onPacket }: ConnectionEvents): void {
    this.#onPacket = onPacket;
    this.#read();
  }

  /**
   * Sends a packet; nothing happens once the connection is over. False for one that the broker would not take, or that
   * MQTT has no form for.
   */
  send(packet: ServerPacket): boolean {
    if (this.#over) return true;
    const bytes = bytesOf(packet, this.#version);
    if (bytes === null || bytes.length > this.facts.packetBytesMax) return false;
    this.#stream.write(bytes);
    return true;
  }

  /** Reads no further until {@link resume}; what was read already still comes. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#over) this.#stream.resume();
  }

  /** Says DISCONNECT and ends. */
  async close(): Promise<void> {
    if (this.#over) return;
    this.#stream.end(encodePacket({ cmd: 'disconnect' }, this.#version));
    const timer = setTimeout(() => this.#end('closed here'), CLOSE_MS_MAX);
    await this.#ended.promise;
    clearTimeout(timer);
  }

  /** Ends at once, as a cut line would. */
  drop(reason: string): void {
    this.#end(reason);
  }

  async #connect(options: ConnectOptions, password: Buffer | null, signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#end('stopped');
    signal.addEventListener('abort', onAbort, { once: true });
    this.#timer = setTimeout(() => this.#end('no answer to CONNECT'), CONNECT_MS_MAX);
    this.#stream.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#stream.on('error', (error) => this.#end(reasonOf(error)));
    this.#stream.on('close', () => this.#end('the broker closed the connection'));
    // TLS and WebSocket buffer it until they are ready.
    this.#stream.write(encodePacket(connectPacket(options, password), this.#version));
    if (signal.aborted) onAbort();
    try {
      const facts = await this.#connected.promise;
      this.#keepAlive(options.bridge.keepAliveSeconds);
      this.#facts = facts;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #take(chunk: Buffer): void {
    this.#heard = true;
    this.#splitter.push(chunk);
    if (this.#facts === null || this.#onPacket !== null) this.#read();
  }

  #read(): void {
    for (;;) {
      if (this.#over) return;
      // Between CONNACK and `listen` packets wait.
      if (this.#facts !== null && this.#onPacket === null) return;
      const frame = this.#splitter.next();
      if (frame === null) return;
      const packet = 'bytes' in frame ? this.#decoder.decode(frame) : null;
      if (packet === null) {
        this.#end('the broker sent what is not MQTT, or a packet too large');
        return;
      }
      if (this.#facts === null) {
        this.#greet(packet);
        return;
      }
      if (packet.cmd === 'disconnect') {
        const reasonCode = packet.reasonCode ?? 0;
        this.#end(`the broker said 0x${reasonCode.toString(16)}`, reasonCode);
        return;
      }
      if (packet.cmd !== 'pingresp') this.#onPacket!(packet);
    }
  }

  #greet(packet: ServerPacket): void {
    if (packet.cmd !== 'connack') {
      this.#end('the broker did not answer with CONNACK');
      return;
    }
    const { sessionPresent, returnCode = 0, properties = {} } = packet;
    const reasonCode = packet.reasonCode ?? returnCode;
    if (reasonCode !== 0) {
      this.#connected.reject(refusedByBroker(reasonCode, properties.reasonString ?? ''));
      this.#end('refused');
      return;
    }
    if (properties.maximumQoS === 0) {
      this.#connected.reject(refusedByBroker(0, 'it takes nothing above QoS 0'));
      this.#end('refused');
      return;
    }
    this.#facts = {
      sessionPresent,
      receiveMaximum: properties.receiveMaximum ?? 65_535,
      packetBytesMax: properties.maximumPacketSize ?? PACKET_BYTES_TAKEN,
      qosMax: properties.maximumQoS ?? 2,
      retainAvailable: properties.retainAvailable ?? true,
    };
    this.#serverKeepAlive = properties.serverKeepAlive ?? null;
    this.#connected.resolve(this.#facts);
  }

  #serverKeepAlive: number | null = null;

  /** A broker that says nothing between two questions is gone. */
  #keepAlive(asked: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const seconds = this.#serverKeepAlive ?? asked;
    if (this.#over || seconds === 0) return;
    let asking = false;
    this.#timer = setInterval(() => {
      if (asking && !this.#heard) return this.#end('the broker does not answer');
      this.#heard = false;
      asking = true;
      this.send({ cmd: 'pingreq' });
    }, seconds * 500);
  }

  #end(reason: string, reasonCode: number | null = null): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#stream.destroy();
    this.#connected.reject(unreachable(reason));
    this.#ended.resolve({ reason, reasonCode });
  }
}

/** Messages of the mesh may hold what no packet can, such as a header of 64 KiB. */
function bytesOf(packet: ServerPacket, version: 4 | 5): Buffer | null {
  try {
    return encodePacket(packet, version);
  } catch {
    return null;
  }
}

function connectPacket(options: ConnectOptions, password: Buffer | null): ServerPacket {
  const { bridge, clientId, sessionSeconds, receiveMaximum, fresh } = options;
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: bridge.version,
    clientId,
    // Of 3.1.1: the session is kept for ever, or not at all.
    clean: fresh || sessionSeconds === 0,
    keepalive: bridge.keepAliveSeconds,
    ...(bridge.username === null ? {} : { username: bridge.username }),
    ...(password === null ? {} : { password }),
    ...(bridge.version === 5
      ? {
          properties: {
            sessionExpiryInterval: sessionSeconds,
            receiveMaximum,
            maximumPacketSize: PACKET_BYTES_MAX,
          },
        }
      : {}),
  };
}

/** A connection tried at several addresses fails with an error that has no text of its own. */
function reasonOf(error: Error): string {
  const { code } = error as { code?: unknown };
  return error.message === '' ? String(code ?? error.name) : error.message;
}
