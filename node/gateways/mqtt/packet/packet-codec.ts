import {
  generate,
  type IAuthPacket,
  type IConnectPacket,
  type IDisconnectPacket,
  type IPingreqPacket,
  type IPubackPacket,
  type IPubcompPacket,
  type IPublishPacket,
  type IPubrecPacket,
  type IPubrelPacket,
  type ISubscribePacket,
  type ISubscription,
  type IUnsubscribePacket,
  type Packet,
  type Parser,
  parser,
} from 'mqtt-packet';
import { checkPacket, withoutDup } from './check-packet.ts';
import type { Frame, ProtocolVersion } from './frame.ts';
import { type PacketFault, REASON } from './reason-code.ts';

export type ConnectPacket = IConnectPacket;
export type PublishPacket = IPublishPacket;
export type SubscribePacket = ISubscribePacket;
export type SubscribeItem = ISubscription;
export type UnsubscribePacket = IUnsubscribePacket;
export type DisconnectPacket = IDisconnectPacket;

/** What a client may send. */
export type ClientPacket =
  | IConnectPacket
  | IPublishPacket
  | IPubackPacket
  | IPubrecPacket
  | IPubrelPacket
  | IPubcompPacket
  | ISubscribePacket
  | IUnsubscribePacket
  | IPingreqPacket
  | IDisconnectPacket
  | IAuthPacket;

/** A packet of a client, with what mqtt-packet does not keep. */
export interface ReceivedPacket {
  readonly packet: ClientPacket;
  /** User properties in their order, with names that repeat. */
  readonly userProperties: readonly (readonly [string, string])[];
}

/** Result of {@link PacketDecoder.decode}. */
export type DecodedPacket = ({ readonly ok: true } & ReceivedPacket) | ({ readonly ok: false } & PacketFault);

/** Packets that go to a client. `userProperties` may be a list of objects, which keeps the order of all. */
export type ServerPacket = Packet;

/** Turns the packets of one connection into objects; the only place that knows mqtt-packet, with {@link encodePacket}. */
export class PacketDecoder {
  readonly #parser: Parser = parser();
  #version: ProtocolVersion | null = null;
  #packet: Packet | null = null;
  #error: unknown = null;

  constructor() {
    this.#parser.on('packet', (packet) => {
      this.#packet = packet;
    });
    this.#parser.on('error', (error) => {
      this.#error = error;
    });
  }

  /** Version of the connection; `null` before a CONNECT that was sound. */
  get version(): ProtocolVersion | null {
    return this.#version;
  }

  /** Checks and reads one packet. */
  decode(frame: Frame): DecodedPacket {
    const checked = checkPacket(frame, this.#version);
    if (!checked.ok) return checked;
    withoutDup(frame, this.#version);
    this.#packet = null;
    this.#error = null;
    this.#parser.parse(frame.bytes);
    // What passed the check is read; should the two ever differ, the stricter one counts.
    if (this.#error !== null || this.#packet === null)
      return { ok: false, reason: REASON.malformedPacket, rule: 'mqtt-packet' };
    this.#version = checked.value.version;
    const userProperties = checked.value.properties?.userProperties ?? [];
    return { ok: true, packet: this.#packet as ClientPacket, userProperties };
  }
}

/** Turns what a broker sends to a client of ours into objects. It is not held to the standard's every word. */
export class BrokerPacketDecoder {
  readonly #parser: Parser;
  #packet: Packet | null = null;
  #failed = false;

  constructor(version: ProtocolVersion) {
    this.#parser = parser({ protocolVersion: version });
    this.#parser.on('packet', (packet) => {
      this.#packet = packet;
    });
    this.#parser.on('error', () => {
      this.#failed = true;
    });
  }

  /** Reads one packet; `null` if it cannot be read, and nothing after it then. */
  decode({ bytes }: Frame): Packet | null {
    if (this.#failed) return null;
    this.#packet = null;
    this.#parser.parse(bytes);
    return this.#failed ? null : this.#packet;
  }
}

/** The bytes of a packet for the other side of a connection of a version. */
export function encodePacket(packet: ServerPacket, version: ProtocolVersion): Buffer {
  return generate(packet, { protocolVersion: version });
}
