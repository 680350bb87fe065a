import { type CheckedProperties, checkProperties, type PropertyPlace } from './check-properties.ts';
import { type Frame, flagsOf, PACKET_TYPE, type ProtocolVersion, typeOf } from './frame.ts';
import { PacketReader } from './packet-reader.ts';
import { type PacketFault, REASON } from './reason-code.ts';

/** What a packet that is sound brings beside what mqtt-packet reads. */
export interface CheckedPacket {
  readonly version: ProtocolVersion;
  readonly properties: CheckedProperties | null;
}

/** Result of {@link checkPacket}. */
export type PacketCheck =
  | { readonly ok: true; readonly value: CheckedPacket }
  | ({ readonly ok: false } & PacketFault);

const { connect, publish, puback, pubrec, pubrel, pubcomp, subscribe, unsubscribe } = PACKET_TYPE;
const { pingreq, disconnect, auth } = PACKET_TYPE;

/** Flags that the fixed header must have (table 2-2); PUBLISH has its own. */
const FLAGS: ReadonlyMap<number, number> = new Map([
  [connect, 0],
  [puback, 0],
  [pubrec, 0],
  [pubrel, 2],
  [pubcomp, 0],
  [subscribe, 2],
  [unsubscribe, 2],
  [pingreq, 0],
  [disconnect, 0],
  [auth, 0],
]);
/** In MQTT 3.1 these may be marked as sent again. */
const MAY_BE_DUP_IN_3_1: readonly number[] = [pubrel, subscribe, unsubscribe];
const DUP_FLAG = 8;

const ACK_REASONS: ReadonlySet<number> = new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
const RELEASE_REASONS: ReadonlySet<number> = new Set([0x00, 0x92]);
const DISCONNECT_REASONS: ReadonlySet<number> = new Set([
  0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
]);
const AUTH_REASONS: ReadonlySet<number> = new Set([0x00, 0x18, 0x19]);

/**
 * Checks a packet of a client against the normative statements of its version, byte by byte: mqtt-packet takes much
 * that the standards forbid. `version` is that of the connection, `null` before CONNECT.
 */
export function checkPacket(frame: Frame, version: ProtocolVersion | null): PacketCheck {
  const type = typeOf(frame);
  const reader = new PacketReader(frame.bytes, frame.bodyAt);
  checkFlags(frame, type, version, reader);
  if (type === connect) return checkConnect(reader);
  if (version === null) return refuse({ reason: REASON.protocolError, rule: '3.1.0-1' });
  if (version === 5 && !isShortest(frame)) reader.fail(REASON.malformedPacket, '1.5.5-1');
  const properties = checkBody(type, reader, { version, flags: flagsOf(frame) });
  if (reader.left > 0) reader.fail(REASON.malformedPacket, '4.13');
  return reader.fault === null ? { ok: true, value: { version, properties } } : refuse(reader.fault);
}

/** Takes away the mark of MQTT 3.1 that a packet was sent again, which no reader of later versions expects. */
export function withoutDup(frame: Frame, version: ProtocolVersion | null): void {
  if (version === 3 && MAY_BE_DUP_IN_3_1.includes(typeOf(frame))) frame.bytes[0]! &= ~DUP_FLAG;
}

/** True if the remaining length has no byte too many. */
function isShortest({ bytes, bodyAt }: Frame): boolean {
  return bodyAt === 2 || bytes[bodyAt - 1] !== 0;
}

function checkFlags(frame: Frame, type: number, version: ProtocolVersion | null, reader: PacketReader): void {
  const flags = flagsOf(frame);
  if (type === publish) {
    const qos = (flags >> 1) & 3;
    if (qos === 3) reader.fail(REASON.malformedPacket, '3.3.1-4');
    if (qos === 0 && (flags & DUP_FLAG) !== 0) reader.fail(REASON.malformedPacket, '3.3.1-2');
    return;
  }
  const expected = FLAGS.get(type);
  if (expected === undefined) {
    // Type 0, and what only servers send.
    reader.fail(type === 0 ? REASON.malformedPacket : REASON.protocolError, '2.1.2');
    return;
  }
  const had = version === 3 && MAY_BE_DUP_IN_3_1.includes(type) ? flags & ~DUP_FLAG : flags;
  if (had !== expected) reader.fail(REASON.malformedPacket, '2.1.3-1');
}

interface BodyContext {
  readonly version: ProtocolVersion;
  readonly flags: number;
}

function checkBody(type: number, reader: PacketReader, context: BodyContext): CheckedProperties | null {
  switch (type) {
    case publish:
      return checkPublish(reader, context);
    case puback:
    case pubrec:
      return checkAcknowledgement(reader, context, ACK_REASONS);
    case pubrel:
    case pubcomp:
      return checkAcknowledgement(reader, context, RELEASE_REASONS);
    case subscribe:
      return checkSubscribe(reader, context);
    case unsubscribe:
      return checkUnsubscribe(reader, context);
    case pingreq:
      return null;
    case disconnect:
      return checkReasonAndProperties(reader, context, { reasons: DISCONNECT_REASONS, place: 'disconnect' });
    case auth:
      if (context.version !== 5) reader.fail(REASON.malformedPacket, '2.1.2');
      return checkReasonAndProperties(reader, context, { reasons: AUTH_REASONS, place: 'auth' });
    default:
      return null;
  }
}

function checkPublish(reader: PacketReader, { version, flags }: BodyContext): CheckedProperties | null {
  const topic = reader.text();
  if (/[+#]/.test(topic))
    reader.fail(version === 5 ? REASON.topicNameInvalid : REASON.protocolError, '3.3.2-2');
  if ((flags & 6) !== 0) checkPacketId(reader);
  const properties = version === 5 ? checkProperties(reader, 'publish') : null;
  if (topic === '' && (properties?.topicAlias ?? null) === null) reader.fail(REASON.protocolError, '4.7.3-1');
  reader.rest();
  return properties;
}

function checkAcknowledgement(
  reader: PacketReader,
  { version }: BodyContext,
  reasons: ReadonlySet<number>,
): CheckedProperties | null {
  checkPacketId(reader);
  if (version !== 5 || reader.left === 0) return null;
  if (!reasons.has(reader.byte())) reader.fail(REASON.malformedPacket, '3.4.2-1');
  return reader.left === 0 ? null : checkProperties(reader, 'acknowledgement');
}

function checkSubscribe(reader: PacketReader, { version }: BodyContext): CheckedProperties | null {
  checkPacketId(reader);
  const properties = version === 5 ? checkProperties(reader, 'subscribe') : null;
  if (reader.left === 0) reader.fail(REASON.protocolError, '3.8.3-2');
  while (reader.left > 0) {
    const filter = reader.text();
    if (filter === '') reader.fail(REASON.protocolError, '4.7.3-1');
    const options = reader.byte();
    if ((options & 3) === 3) reader.fail(REASON.protocolError, '3.8.3-4');
    const reserved = version === 5 ? 0xc0 : 0xfc;
    if ((options & reserved) !== 0) reader.fail(REASON.malformedPacket, '3.8.3-5');
    if (version !== 5) continue;
    if ((options & 0x30) === 0x30) reader.fail(REASON.protocolError, '3.8.3.1');
    if ((options & 4) !== 0 && filter.startsWith('$share/')) reader.fail(REASON.protocolError, '3.8.3-4');
  }
  return properties;
}

function checkUnsubscribe(reader: PacketReader, { version }: BodyContext): CheckedProperties | null {
  checkPacketId(reader);
  const properties = version === 5 ? checkProperties(reader, 'unsubscribe') : null;
  if (reader.left === 0) reader.fail(REASON.protocolError, '3.10.3-2');
  while (reader.left > 0) if (reader.text() === '') reader.fail(REASON.protocolError, '4.7.3-1');
  return properties;
}

/** DISCONNECT and AUTH: both parts may be left out where they say nothing. */
function checkReasonAndProperties(
  reader: PacketReader,
  { version }: BodyContext,
  { reasons, place }: { readonly reasons: ReadonlySet<number>; readonly place: PropertyPlace },
): CheckedProperties | null {
  if (version !== 5 || reader.left === 0) return null;
  if (!reasons.has(reader.byte())) reader.fail(REASON.malformedPacket, '3.14.2-1');
  return reader.left === 0 ? null : checkProperties(reader, place);
}

function checkPacketId(reader: PacketReader): void {
  if (reader.uint16() === 0) reader.fail(REASON.protocolError, '2.2.1-3');
}

function checkConnect(reader: PacketReader): PacketCheck {
  const name = reader.text();
  const level = reader.byte();
  const version = versionOf(name, level);
  if (reader.fault !== null) return refuse(reader.fault);
  if (version === null) return refuse({ reason: REASON.unsupportedVersion, rule: '3.1.2-2' });
  if (version === 'no-mqtt') return refuse({ reason: REASON.malformedPacket, rule: '3.1.2-1' });
  const flags = reader.byte();
  checkConnectFlags(reader, flags, version);
  reader.uint16();
  const properties = version === 5 ? checkProperties(reader, 'connect') : null;
  reader.text();
  if ((flags & 4) !== 0) {
    if (version === 5) checkProperties(reader, 'will');
    const topic = reader.text();
    if (topic === '' || /[+#]/.test(topic)) reader.fail(REASON.topicNameInvalid, '3.1.3-11');
    reader.binary();
  }
  if ((flags & 0x80) !== 0) reader.text();
  if ((flags & 0x40) !== 0) reader.binary();
  if (reader.left > 0) reader.fail(REASON.malformedPacket, '3.1.4-1');
  return reader.fault === null ? { ok: true, value: { version, properties } } : refuse(reader.fault);
}

function checkConnectFlags(reader: PacketReader, flags: number, version: ProtocolVersion): void {
  const will = (flags & 4) !== 0;
  if ((flags & 1) !== 0) reader.fail(REASON.malformedPacket, '3.1.2-3');
  if (!will && (flags & 0x18) !== 0) reader.fail(REASON.malformedPacket, '3.1.2-11');
  if ((flags & 0x18) === 0x18) reader.fail(REASON.malformedPacket, '3.1.2-12');
  if (!will && (flags & 0x20) !== 0) reader.fail(REASON.malformedPacket, '3.1.2-13');
  if (version !== 5 && (flags & 0xc0) === 0x40) reader.fail(REASON.malformedPacket, '3.1.2-22');
}

function versionOf(name: string, level: number): ProtocolVersion | 'no-mqtt' | null {
  if (name === 'MQIsdp') return level === 3 ? 3 : null;
  if (name !== 'MQTT') return 'no-mqtt';
  return level === 4 || level === 5 ? level : null;
}

function refuse({ reason, rule }: PacketFault): PacketCheck {
  return { ok: false, reason, rule };
}
