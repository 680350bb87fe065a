import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bytesOf, lengthOf, type MqttClient, text, u16, u32 } from './mqtt-client.ts';
import { MqttWorld } from './mqtt-world.ts';

/**
 * What the standards forbid, packet by packet. Numbers are those of the normative statements of OASIS MQTT 3.1.1 and 5.0;
 * where a rule has none, its section is named.
 */
let world: MqttWorld;

beforeAll(async () => {
  world = await MqttWorld.start(['a']);
});

afterAll(() => world.stop());

const NUL = text(Buffer.from([0x61, 0x00, 0x62]));
const SURROGATE = text(Buffer.from([0xed, 0xa0, 0x80]));
const OVERLONG = text(Buffer.from([0xc0, 0xaf]));
const CUT = text(Buffer.from([0xe2, 0x82]));

/** Connect flags. */
const CLEAN = 0x02;
const WILL = 0x04;
const V4 = Buffer.concat([text('MQTT'), Buffer.of(4)]);
const V5 = Buffer.concat([text('MQTT'), Buffer.of(5)]);
const NO_PROPERTIES = Buffer.of(0);

function properties(...parts: readonly (Buffer | number)[]): Buffer {
  const bytes = Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : part)));
  return Buffer.concat([lengthOf(bytes.length), bytes]);
}

function connect4(flags: number, ...payload: readonly Buffer[]): Buffer {
  return bytesOf(0x10, V4, flags, u16(60), ...payload);
}

function connect5(flags: number, props: Buffer, ...payload: readonly Buffer[]): Buffer {
  return bytesOf(0x10, V5, flags, u16(60), props, ...payload);
}

const PUBLISH = 0x30;
const PUBLISH1 = 0x32;
const SUBSCRIBE = 0x82;
const UNSUBSCRIBE = 0xa2;

describe('before a CONNECT', () => {
  let client: MqttClient;

  beforeEach(async () => {
    client = await world.nodes[0]!.open();
  });

  it.each<[string, Buffer]>([
    ['MQTT-3.1.0-1: another packet comes first (PUBLISH)', bytesOf(PUBLISH, text('a'))],
    ['MQTT-3.1.0-1: another packet comes first (PINGREQ)', bytesOf(0xc0)],
    ['MQTT-3.1.0-1: another packet comes first (DISCONNECT)', bytesOf(0xe0)],
    [
      'MQTT-2.2.2-2 of 3.1.1, 2.1.3-1 of 5: CONNECT has flags',
      Buffer.concat([Buffer.of(0x11), connect4(CLEAN, text('c')).subarray(1)]),
    ],
    ['MQTT-3.1.2-1: another protocol name', bytesOf(0x10, text('HTTP'), 4, CLEAN, u16(0), text('c'))],
    [
      'MQTT-3.1.2-1: the protocol name in another case',
      bytesOf(0x10, text('mqtt'), 4, CLEAN, u16(0), text('c')),
    ],
    ['MQTT-3.1.2-3: the reserved connect flag', connect4(CLEAN | 1, text('c'))],
    ['MQTT-3.1.2-3: the reserved connect flag, version 5', connect5(CLEAN | 1, NO_PROPERTIES, text('c'))],
    ['MQTT-3.1.2-11 of 5, -13 of 3.1.1: a QoS of the will without a will', connect4(CLEAN | 0x08, text('c'))],
    [
      'MQTT-3.1.2-12 of 5, -14 of 3.1.1: a will of QoS 3',
      connect4(CLEAN | WILL | 0x18, text('c'), text('w'), text('x')),
    ],
    ['MQTT-3.1.2-13 of 5, -15 of 3.1.1: a retained will without a will', connect4(CLEAN | 0x20, text('c'))],
    ['MQTT-3.1.2-22 of 3.1.1: a password without a user name', connect4(CLEAN | 0x40, text('c'), text('p'))],
    ['MQTT-3.1.3-1: a user name announced and not there', connect4(CLEAN | 0x80, text('c'))],
    ['MQTT-3.1.3-1: a will announced and not there', connect4(CLEAN | WILL, text('c'))],
    [
      'MQTT-3.1.2-20 of 3.1.1: a password announced and not there',
      connect4(CLEAN | 0xc0, text('c'), text('u')),
    ],
    ['MQTT-3.1.3-3: no client id', connect4(CLEAN)],
    ['MQTT-3.1.3-4: the client id is no UTF-8', connect4(CLEAN, OVERLONG)],
    ['MQTT-1.5.4-2: the client id holds a NUL', connect4(CLEAN, NUL)],
    [
      'MQTT-3.1.3-11 of 5, -10 of 3.1.1: the topic of the will is no UTF-8',
      connect4(CLEAN | WILL, text('c'), SURROGATE, text('x')),
    ],
    ['MQTT-4.7.3-1: the topic of the will is empty', connect4(CLEAN | WILL, text('c'), text(''), text('x'))],
    [
      'MQTT-4.7.1-1 of 3.1.1: the topic of the will holds a wildcard',
      connect4(CLEAN | WILL, text('c'), text('w/+'), text('x')),
    ],
    ['MQTT-3.1.3-12 of 5, -11 of 3.1.1: the user name is no UTF-8', connect4(CLEAN | 0x80, text('c'), CUT)],
    ['MQTT-3.1.4-1: bytes behind the payload', connect4(CLEAN, text('c'), Buffer.of(1))],
    [
      '2.2.2.2: a property twice (session expiry)',
      connect5(CLEAN, properties(0x11, u32(1), 0x11, u32(2)), text('c')),
    ],
    [
      '2.2.2.2: a property that does not belong (topic alias)',
      connect5(CLEAN, properties(0x23, u16(1)), text('c')),
    ],
    ['2.2.2.2: an unknown property', connect5(CLEAN, properties(0x7f, 1), text('c'))],
    [
      '2.2.2.1: the length of the properties goes past the packet',
      connect5(CLEAN, Buffer.of(0x70), text('c')),
    ],
    ['3.1.2.11.3: a receive maximum of 0', connect5(CLEAN, properties(0x21, u16(0)), text('c'))],
    ['3.1.2.11.4: a maximum packet size of 0', connect5(CLEAN, properties(0x27, u32(0)), text('c'))],
    ['3.1.2.11.6: request response information is 2', connect5(CLEAN, properties(0x19, 2), text('c'))],
    ['3.1.2.11.7: request problem information is 2', connect5(CLEAN, properties(0x17, 2), text('c'))],
    [
      '3.1.2.11.10: authentication data without a method',
      connect5(CLEAN, properties(0x16, text('x')), text('c')),
    ],
    [
      'MQTT-1.5.4-1: a user property is no UTF-8',
      connect5(CLEAN, properties(0x26, SURROGATE, text('v')), text('c')),
    ],
    ['MQTT-1.5.5-1: a remaining length of five bytes', Buffer.from([0x10, 0x80, 0x80, 0x80, 0x80, 0x01])],
    ['2.1.4: a CONNECT larger than any can be', Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f])],
  ])('%s: the connection is closed', async (_statement, bytes) => {
    client.raw(bytes);
    expect(await client.end()).toBe('closed');
  });

  it.each<[string, Buffer, Buffer]>([
    ['of 3.1.1', connect4(0, text('')), Buffer.of(0x20, 2, 0, 2)],
    ['of 3.1', bytesOf(0x10, text('MQIsdp'), 3, CLEAN, u16(0), text('')), Buffer.of(0x20, 2, 0, 2)],
  ])('MQTT-3.1.3-8 %s: an empty client id that cannot be assigned is refused with 2', async (_v, bytes) => {
    client.raw(bytes);
    expect(await client.expect('connack')).toMatchObject({ returnCode: 2, sessionPresent: false });
    expect(await client.end()).toBe('closed');
  });

  it.each([0, 1, 2, 6, 127, 131, 132])('MQTT-3.1.2-2: protocol level %i is refused with 1', async (level) => {
    client.raw(bytesOf(0x10, text('MQTT'), level, CLEAN, u16(60), text('c')));
    expect(await client.expect('connack')).toMatchObject({ returnCode: 1 });
    expect(await client.end()).toBe('closed');
  });

  it('MQTT-3.1.2-2: the name of 3.1 with the level of 3.1.1 is refused with 1', async () => {
    client.raw(bytesOf(0x10, text('MQIsdp'), 4, CLEAN, u16(60), text('c')));
    expect(await client.expect('connack')).toMatchObject({ returnCode: 1 });
  });

  it('MQTT-4.12.0-1: an authentication method that nobody knows is refused', async () => {
    client.speak(5);
    client.raw(connect5(CLEAN, properties(0x15, text('SCRAM')), text('c')));
    expect(await client.expect('connack')).toMatchObject({ reasonCode: 0x8c });
    expect(await client.end()).toBe('closed');
  });

  it('MQTT-3.1.3-6: a client of version 5 without an id is given one', async () => {
    client.speak(5);
    client.raw(connect5(0, NO_PROPERTIES, text('')));
    const connack = await client.expect('connack');
    expect(connack).toMatchObject({ reasonCode: 0, sessionPresent: false });
    expect(connack.properties?.assignedClientIdentifier).toMatch(/^sedge-[0-9a-f]{16}$/);
  });

  it('MQTT-3.1.2-7 of 3.1.1: a name of 3.1 may be any but empty', async () => {
    expect(
      await client.connect({ version: 3, clientId: 'a client of MQTT 3.1 with a long name' }),
    ).toMatchObject({
      returnCode: 0,
    });
  });
});

type Case = readonly [statement: string, bytes: Buffer, reason: number];
const MALFORMED = 0x81;
const PROTOCOL = 0x82;

/** What both versions forbid; `v` puts empty properties where version 5 has some. */
function common(v: 4 | 5): Case[] {
  const props = v === 5 ? NO_PROPERTIES : Buffer.alloc(0);
  const topicReason = v === 5 ? 0x90 : PROTOCOL;
  return [
    [
      'MQTT-3.1.0-2: a second CONNECT',
      v === 5 ? connect5(CLEAN, props, text('d')) : connect4(CLEAN, text('d')),
      PROTOCOL,
    ],
    ['2.1.2: packet type 0', bytesOf(0x00), MALFORMED],
    ['3.2: CONNACK from a client', bytesOf(0x20, 0, 0), PROTOCOL],
    ['3.9: SUBACK from a client', bytesOf(0x90, u16(1), props, 0), PROTOCOL],
    ['3.11: UNSUBACK from a client', bytesOf(0xb0, u16(1)), PROTOCOL],
    ['3.13: PINGRESP from a client', bytesOf(0xd0), PROTOCOL],
    ['MQTT-2.2.2-2 (2.1.3-1): PUBACK with flags', bytesOf(0x41, u16(1)), MALFORMED],
    ['MQTT-2.2.2-2 (2.1.3-1): PUBREC with flags', bytesOf(0x52, u16(1)), MALFORMED],
    ['MQTT-3.6.1-1: PUBREL without its flags', bytesOf(0x60, u16(1)), MALFORMED],
    ['MQTT-2.2.2-2 (2.1.3-1): PUBCOMP with flags', bytesOf(0x78, u16(1)), MALFORMED],
    ['MQTT-3.8.1-1: SUBSCRIBE without its flags', bytesOf(0x80, u16(1), props, text('a'), 0), MALFORMED],
    ['MQTT-3.10.1-1: UNSUBSCRIBE without its flags', bytesOf(0xa0, u16(1), props, text('a')), MALFORMED],
    ['MQTT-2.2.2-2 (2.1.3-1): PINGREQ with flags', bytesOf(0xc1), MALFORMED],
    ['MQTT-3.14.1-1: DISCONNECT with flags', bytesOf(0xe4), MALFORMED],
    ['3.12: PINGREQ with a body', bytesOf(0xc0, 0), MALFORMED],
    ['MQTT-3.3.1-4: PUBLISH with QoS 3', bytesOf(0x36, text('a'), u16(1), props), MALFORMED],
    ['MQTT-3.3.1-2: DUP with QoS 0', bytesOf(0x38, text('a'), props), MALFORMED],
    ['MQTT-3.3.2-1: PUBLISH without a topic', bytesOf(PUBLISH, u16(0), props), PROTOCOL],
    ['MQTT-3.3.2-1 (1.5.4-1): the topic is no UTF-8: overlong', bytesOf(PUBLISH, OVERLONG, props), MALFORMED],
    [
      'MQTT-1.5.3-1 (1.5.4-1): the topic is no UTF-8: a surrogate',
      bytesOf(PUBLISH, SURROGATE, props),
      MALFORMED,
    ],
    ['MQTT-1.5.3-1 (1.5.4-1): the topic is no UTF-8: cut', bytesOf(PUBLISH, CUT, props), MALFORMED],
    ['MQTT-1.5.3-2 (1.5.4-2), 4.7.3-2: the topic holds a NUL', bytesOf(PUBLISH, NUL, props), MALFORMED],
    ['MQTT-3.3.2-2: the topic holds a #', bytesOf(PUBLISH, text('a/#'), props), topicReason],
    ['MQTT-3.3.2-2: the topic holds a +', bytesOf(PUBLISH1, text('+/a'), u16(1), props), topicReason],
    [
      'MQTT-2.3.1-1 (2.2.1-3): PUBLISH of QoS 1 with packet id 0',
      bytesOf(PUBLISH1, text('a'), u16(0), props),
      PROTOCOL,
    ],
    [
      'MQTT-2.3.1-1 (2.2.1-3): PUBLISH of QoS 2 with packet id 0',
      bytesOf(0x34, text('a'), u16(0), props),
      PROTOCOL,
    ],
    ['3.3.2.2: PUBLISH of QoS 1 without a packet id', bytesOf(PUBLISH1, text('a')), MALFORMED],
    [
      '1.5.4: the length of a topic goes past the packet',
      bytesOf(PUBLISH, u16(9), Buffer.from('a')),
      MALFORMED,
    ],
    [
      'MQTT-2.3.1-1 (2.2.1-3): SUBSCRIBE with packet id 0',
      bytesOf(SUBSCRIBE, u16(0), props, text('a'), 0),
      PROTOCOL,
    ],
    ['MQTT-3.8.3-3 (3.8.3-2): SUBSCRIBE without a filter', bytesOf(SUBSCRIBE, u16(1), props), PROTOCOL],
    ['MQTT-3.8.3-1: a filter that is no UTF-8', bytesOf(SUBSCRIBE, u16(1), props, SURROGATE, 0), MALFORMED],
    ['MQTT-4.7.3-2: a filter with a NUL', bytesOf(SUBSCRIBE, u16(1), props, NUL, 0), MALFORMED],
    ['MQTT-4.7.3-1: an empty filter', bytesOf(SUBSCRIBE, u16(1), props, text(''), 0), PROTOCOL],
    ['3.8.3: a filter without its options', bytesOf(SUBSCRIBE, u16(1), props, text('a')), MALFORMED],
    [
      '3.8.3: a second filter without its options',
      bytesOf(SUBSCRIBE, u16(1), props, text('a'), 0, text('b')),
      MALFORMED,
    ],
    [
      'MQTT-3-8.3-4 (3.8.3-4): a subscription of QoS 3',
      bytesOf(SUBSCRIBE, u16(1), props, text('a'), 3),
      PROTOCOL,
    ],
    [
      'MQTT-3-8.3-4 (3.8.3-5): reserved options',
      bytesOf(SUBSCRIBE, u16(1), props, text('a'), 0x40),
      MALFORMED,
    ],
    [
      'MQTT-2.3.1-1 (2.2.1-3): UNSUBSCRIBE with packet id 0',
      bytesOf(UNSUBSCRIBE, u16(0), props, text('a')),
      PROTOCOL,
    ],
    ['MQTT-3.10.3-2: UNSUBSCRIBE without a filter', bytesOf(UNSUBSCRIBE, u16(1), props), PROTOCOL],
    ['MQTT-3.10.3-1: UNSUBSCRIBE from what is no UTF-8', bytesOf(UNSUBSCRIBE, u16(1), props, CUT), MALFORMED],
    [
      'MQTT-4.7.3-1: UNSUBSCRIBE from an empty filter',
      bytesOf(UNSUBSCRIBE, u16(1), props, text('')),
      PROTOCOL,
    ],
    ['MQTT-2.3.1-1 (2.2.1-3): PUBACK with packet id 0', bytesOf(0x40, u16(0)), PROTOCOL],
    ['MQTT-2.3.1-1 (2.2.1-3): PUBREC with packet id 0', bytesOf(0x50, u16(0)), PROTOCOL],
    ['MQTT-2.3.1-1 (2.2.1-3): PUBREL with packet id 0', bytesOf(0x62, u16(0)), PROTOCOL],
    ['MQTT-2.3.1-1 (2.2.1-3): PUBCOMP with packet id 0', bytesOf(0x70, u16(0)), PROTOCOL],
    ['3.4: PUBACK without a packet id', bytesOf(0x40), MALFORMED],
    ['3.4: PUBACK with half a packet id', bytesOf(0x40, 1), MALFORMED],
    [
      'MQTT-1.5.5-1 (2.2.3): a remaining length of five bytes',
      Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]),
      MALFORMED,
    ],
    [
      'MQTT-3.2.2-15: a packet larger than the server takes',
      Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]),
      0x95,
    ],
  ];
}

const ONLY_4: Case[] = [
  ['2.2.1: packet type 15', bytesOf(0xf0), MALFORMED],
  ['3.14: DISCONNECT with a body', bytesOf(0xe0, 0), MALFORMED],
  ['3.4: PUBACK with more than a packet id', bytesOf(0x40, u16(1), 0), MALFORMED],
  ['MQTT-3-8.3-4: the options of version 5', bytesOf(SUBSCRIBE, u16(1), text('a'), 0x04), MALFORMED],
];

const publish5 = (...props: readonly (Buffer | number)[]) =>
  bytesOf(PUBLISH, text('a'), properties(...props));

const ONLY_5: Case[] = [
  ['3.3.2.3: PUBLISH without properties', bytesOf(PUBLISH, text('a')), MALFORMED],
  [
    'MQTT-1.5.5-1: a length of properties that is not in its shortest form',
    bytesOf(PUBLISH, text('a'), 0x80, 0x00),
    MALFORMED,
  ],
  [
    '2.2.2.1: the length of the properties goes past the packet',
    bytesOf(PUBLISH, text('a'), 5, 1),
    MALFORMED,
  ],
  ['2.2.2.1: the length of the properties cuts one', bytesOf(PUBLISH, text('a'), 2, 0x23, u16(1)), MALFORMED],
  ['2.2.2.2: an unknown property', publish5(0x7f, 0), MALFORMED],
  ['2.2.2.2: a property of another packet', publish5(0x11, u32(1)), MALFORMED],
  ['3.3.2.3.2: the payload format twice', publish5(1, 1, 1, 1), PROTOCOL],
  ['3.3.2.3.2: the payload format is 2', publish5(1, 2), PROTOCOL],
  ['3.3.2.3.3: the expiry twice', publish5(2, u32(1), 2, u32(1)), PROTOCOL],
  ['3.3.2.3.9: the content type twice', publish5(3, text('a'), 3, text('a')), PROTOCOL],
  ['MQTT-3.3.2-19: the content type is no UTF-8', publish5(3, SURROGATE), MALFORMED],
  ['MQTT-3.3.2-13: the response topic is no UTF-8', publish5(8, OVERLONG), MALFORMED],
  ['MQTT-3.3.2-14: the response topic holds a wildcard', publish5(8, text('a/+')), PROTOCOL],
  ['3.3.2.3.6: the correlation data twice', publish5(9, text('a'), 9, text('a')), PROTOCOL],
  ['MQTT-1.5.4-2: a user property holds a NUL', publish5(0x26, text('a'), NUL), MALFORMED],
  ['MQTT-3.3.4-6: a subscription identifier from a client', publish5(0x0b, 1), MALFORMED],
  ['MQTT-3.3.2-8: topic alias 0', publish5(0x23, u16(0)), 0x94],
  ['MQTT-3.3.2-9: a topic alias above the maximum', publish5(0x23, u16(65)), 0x94],
  ['3.3.2.3.4: the topic alias twice', publish5(0x23, u16(1), 0x23, u16(2)), PROTOCOL],
  ['3.3.4: an alias that nobody set', bytesOf(PUBLISH, text(''), properties(0x23, u16(2))), 0x94],
  ['MQTT-4.7.3-1: neither topic nor alias', bytesOf(PUBLISH, text(''), NO_PROPERTIES), PROTOCOL],
  [
    '3.8.2.1.2: subscription identifier 0',
    bytesOf(SUBSCRIBE, u16(1), properties(0x0b, 0), text('a'), 0),
    PROTOCOL,
  ],
  [
    '3.8.2.1.2: two subscription identifiers',
    bytesOf(SUBSCRIBE, u16(1), properties(0x0b, 1, 0x0b, 2), text('a'), 0),
    PROTOCOL,
  ],
  ['3.8.3.1: retain handling 3', bytesOf(SUBSCRIBE, u16(1), NO_PROPERTIES, text('a'), 0x30), PROTOCOL],
  [
    'MQTT-3.8.3-5: the highest reserved option',
    bytesOf(SUBSCRIBE, u16(1), NO_PROPERTIES, text('a'), 0x80),
    MALFORMED,
  ],
  [
    'MQTT-3.8.3-4: no local on a shared subscription',
    bytesOf(SUBSCRIBE, u16(1), NO_PROPERTIES, text('$share/g/a'), 0x04),
    PROTOCOL,
  ],
  ['MQTT-3.4.2-1: a reason that PUBACK does not have', bytesOf(0x40, u16(1), 0x92), MALFORMED],
  ['MQTT-3.5.2-1: a reason that PUBREC does not have', bytesOf(0x50, u16(1), 0x01), MALFORMED],
  ['MQTT-3.6.2-1: a reason that PUBREL does not have', bytesOf(0x62, u16(1), 0x80), MALFORMED],
  ['MQTT-3.7.2-1: a reason that PUBCOMP does not have', bytesOf(0x70, u16(1), 0x10), MALFORMED],
  [
    '3.4.2.2.2: the reason text twice',
    bytesOf(0x40, u16(1), 0, properties(0x1f, text('a'), 0x1f, text('b'))),
    PROTOCOL,
  ],
  [
    '2.2.2.2: PUBACK with a property of another packet',
    bytesOf(0x40, u16(1), 0, properties(0x23, u16(1))),
    MALFORMED,
  ],
  ['3.4.2: PUBACK with bytes behind its properties', bytesOf(0x40, u16(1), 0, 0, 0), MALFORMED],
  ['MQTT-3.14.2-1: a reason that a client does not send', bytesOf(0xe0, 0x8b), MALFORMED],
  ['MQTT-3.14.2-1: a reason that DISCONNECT does not have', bytesOf(0xe0, 0x01), MALFORMED],
  [
    '3.14.2.2.2: an expiry for a session that ends now',
    bytesOf(0xe0, 0, properties(0x11, u32(60))),
    PROTOCOL,
  ],
  ['3.14.2.2.2: the expiry twice', bytesOf(0xe0, 0, properties(0x11, u32(0), 0x11, u32(0))), PROTOCOL],
  [
    'MQTT-4.12.0-6: AUTH without a method agreed on',
    bytesOf(0xf0, 0x18, properties(0x15, text('x'))),
    PROTOCOL,
  ],
  ['MQTT-3.15.1-1: AUTH with flags', bytesOf(0xf1, 0), MALFORMED],
  ['MQTT-3.15.2-1: a reason that AUTH does not have', bytesOf(0xf0, 0x01), MALFORMED],
];

describe.each([4, 5] as const)('on a connection of version %i', (version) => {
  const cases = [...common(version), ...(version === 5 ? ONLY_5 : ONLY_4)];

  it.each(cases)('%s: it ends', async (_statement, bytes, reason) => {
    const client = await world.nodes[0]!.connect({ version, clientId: `statements-${version}` });
    const before = world.nodes[0]!.count('packetsRefused');
    client.raw(bytes);
    // Version 3.1.1 has no reasons: it only closes.
    expect(await client.end()).toBe(version === 5 ? reason : 'closed');
    expect(world.nodes[0]!.count('packetsRefused')).toBe(before + 1);
  });

  it('takes what looks odd and is allowed: empty payloads, empty levels, U+FEFF, the highest packet id', async () => {
    const client = await world.nodes[0]!.connect({ version, clientId: 'odd' });
    const props = version === 5 ? NO_PROPERTIES : Buffer.alloc(0);
    client.raw(
      bytesOf(PUBLISH1, text('//'), u16(1), props),
      bytesOf(PUBLISH1, text('a/\ufeffb'), u16(65_535), props),
    );
    expect(await client.expect('puback')).toMatchObject({ messageId: 1 });
    expect(await client.expect('puback')).toMatchObject({ messageId: 65_535 });
    await client.quiet();
  });

  it('MQTT-1.5.5-1: takes a remaining length that is longer than it need be from older versions alone', async () => {
    const client = await world.nodes[0]!.connect({ version });
    client.raw(Buffer.of(0xc0, 0x80, 0x00));
    if (version === 5) expect(await client.end()).toBe(MALFORMED);
    else await client.expect('pingresp');
  });

  it.each([
    ['a PUBACK', 0x40],
    ['a PUBCOMP', 0x70],
  ])('%s that nothing waits for is passed over', async (_what, first) => {
    const client = await world.nodes[0]!.connect({ version });
    client.raw(bytesOf(first, u16(77)));
    await client.quiet();
  });

  it('MQTT-4.3.3-11 (3.6.2-1): a PUBREL that nothing waits for is answered', async () => {
    const client = await world.nodes[0]!.connect({ version });
    client.raw(bytesOf(0x62, u16(77)));
    const pubcomp = await client.expect('pubcomp');
    expect(pubcomp).toMatchObject({ messageId: 77, ...(version === 5 ? { reasonCode: 0x92 } : {}) });
  });
});

describe.each([4, 5] as const)('an acknowledgement of another flow, version %i', (version) => {
  async function subscriber(qos: 1 | 2): Promise<{ client: MqttClient; id: number }> {
    const client = await world.nodes[0]!.connect({ version });
    const topic = `flow/${version}/${qos}/${Math.random()}`;
    await client.subscribe(topic, { qos });
    await world.nodes[0]!.node.mesh.publish(topic, 'x');
    const { messageId } = await client.expect('publish');
    return { client, id: messageId! };
  }

  it.each([
    ['MQTT-4.3.2: PUBREC for QoS 1', 1, 0x50],
    ['MQTT-4.3.2: PUBCOMP for QoS 1', 1, 0x70],
    ['MQTT-4.3.3: PUBACK for QoS 2', 2, 0x40],
    ['MQTT-4.3.3: PUBCOMP before PUBREC', 2, 0x70],
  ] as const)('%s ends the connection', async (_statement, qos, first) => {
    const { client, id } = await subscriber(qos);
    client.raw(bytesOf(first, u16(id)));
    expect(await client.end()).toBe(version === 5 ? PROTOCOL : 'closed');
  });
});

describe('in MQTT 3.1', () => {
  it('SUBSCRIBE, PUBREL and UNSUBSCRIBE may be marked as sent again', async () => {
    const client = await world.nodes[0]!.connect({ version: 3, clientId: 'old' });
    client.raw(bytesOf(SUBSCRIBE | 8, u16(1), text('a'), 1));
    expect(await client.expect('suback')).toMatchObject({ granted: [1] });
    client.raw(bytesOf(UNSUBSCRIBE | 8, u16(2), text('a')));
    await client.expect('unsuback');
    client.raw(bytesOf(0x6a, u16(3)));
    await client.expect('pubcomp');
  });
});
