import type { Acknowledgement } from '../../../src/index.ts';
import type { ListenerOptions } from './listeners/listener.ts';

/** Options of the gateway. */
export interface MqttOptions {
  /** Where clients connect. */
  readonly listeners: readonly ListenerOptions[];
  /** Lets clients without a user name in, whether there are users or not. @defaultValue `false` */
  readonly anonymous?: boolean;
  /** This machine alone reaches the address: as long as there are no users, anybody may come in. @defaultValue `true` */
  readonly local?: boolean;
  /** When a message of QoS 1 or 2 is acknowledged. @defaultValue `'durable'` */
  readonly ack?: Acknowledgement;
  /** Clients connected at once; more are refused. @defaultValue 4,096 */
  readonly connectionsMax?: number;
  /** The same for an IPv4 address, or a network of 64 bits of IPv6; not for this machine. @defaultValue 1,024 */
  readonly connectionsPerAddressMax?: number;
  /** New connections a second, four times as many at once; more are refused. @defaultValue 500 */
  readonly connectionsPerSecondMax?: number;
  /** Connections whose CONNECT is not there yet; the oldest make room. @defaultValue 1,024 */
  readonly halfOpenMax?: number;
  /** Bytes of those, of all together. @defaultValue 8 MiB */
  readonly halfOpenBytesMax?: number;
  /** Messages a second of a client, as many at once; it is not read meanwhile. @defaultValue 50,000 */
  readonly messagesPerSecondMax?: number;
  /** Sessions, those of absent clients included; more are refused (0x97). @defaultValue 10,000 */
  readonly sessionsMax?: number;
  /** Subscriptions of a session; more are refused (0x97). @defaultValue 4,096 */
  readonly subscriptionsMax?: number;
  /** Largest packet that is taken, bytes. @defaultValue 1 MiB of payload and 64 KiB beside it */
  readonly packetBytesMax?: number;
  /** How long a client may take until its CONNECT is there, milliseconds. @defaultValue 10,000 */
  readonly connectTimeoutMs?: number;
  /** How long a client may leave what was sent to it unread, milliseconds. @defaultValue 60,000 */
  readonly stallTimeoutMs?: number;
  /** Messages of QoS 1 and 2 that a client of MQTT 5 may send without an answer. @defaultValue 1,024 */
  readonly receiveMaximum?: number;
  /** Messages of a client that wait to be stored; it is not read meanwhile. @defaultValue 1,024 */
  readonly publishingMax?: number;
  /** The same in bytes. @defaultValue 4 MiB */
  readonly publishingBytesMax?: number;
  /** Messages of QoS 1 and 2 on their way to a client at once. @defaultValue 100 */
  readonly windowMessages?: number;
  /** Longest keep-alive of a client of MQTT 5, seconds; one that asks for more or none is told so. @defaultValue 600 */
  readonly keepAliveSecondsMax?: number;
  /** Topic aliases of a connection in each direction. @defaultValue 64 */
  readonly topicAliasMaximum?: number;
  /** How often what clients acknowledged is kept while they are connected, milliseconds. @defaultValue 5,000 */
  readonly saveIntervalMs?: number;
}

/** Bytes of a client id or user name. */
export const CLIENT_NAME_BYTES_MAX = 256;
/** Largest packet before a client is known: CONNECT with the largest will there can be. */
export const CONNECT_BYTES_MAX = 196_608;

const DEFAULTS = Object.freeze({
  anonymous: false,
  local: true,
  ack: 'durable' as const,
  connectionsMax: 4_096,
  connectionsPerAddressMax: 1_024,
  connectionsPerSecondMax: 500,
  halfOpenMax: 1_024,
  halfOpenBytesMax: 8 * 1_048_576,
  messagesPerSecondMax: 50_000,
  sessionsMax: 10_000,
  subscriptionsMax: 4_096,
  packetBytesMax: 1_048_576 + 65_536,
  connectTimeoutMs: 10_000,
  stallTimeoutMs: 60_000,
  receiveMaximum: 1_024,
  publishingMax: 1_024,
  publishingBytesMax: 4 * 1_048_576,
  windowMessages: 100,
  keepAliveSecondsMax: 600,
  topicAliasMaximum: 64,
  saveIntervalMs: 5_000,
});

/** All options, the defaults filled in. */
export type ResolvedMqttOptions = Required<MqttOptions>;

/** Fills in the defaults. */
export function resolveMqttOptions(options: MqttOptions): ResolvedMqttOptions {
  return { ...DEFAULTS, ...options };
}
