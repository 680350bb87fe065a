/** Writes test/vectors/serial/*.txt: `node test/vectors/make-serial-vectors.ts`. The same input, the same bytes. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import {
  crc16,
  encodeBody,
  encodeCobs,
  encodeFrame,
  type Frame,
} from '../../firmware-bridge/host/frame/index.ts';
import {
  type RecordToSeal,
  DIRECTIONS,
  deriveSessionKey,
  helloTag,
  provisionedPayload,
  provisionPayload,
  sealRecord,
  sessionAead,
} from '../../firmware-bridge/host/seal/index.ts';
import { fromHex, toHex } from '../../src/bytes/index.ts';

/** A case: its kind first, then its fields, bytes in hexadecimal. */
export type SerialVector = Readonly<Record<string, string>> & { readonly case: string };

const DEVICE_ID = fromHex('5ed6e00000000001')!;
const DEVICE_KEY = fromHex('000102030405060708090a0b0c0d0e0f')!;
const HOST_NONCE = fromHex('a0a1a2a3a4a5a6a7')!;
const EPOCH = 7;
const SESSION = 3;

const utf8 = (text: string) => new Uint8Array(Buffer.from(text, 'utf8'));

/** An integer as so many bytes, low byte first. */
function le(value: number, length: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes.slice(0, length);
}

function join(...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
}

function hexLe(value: number, length: number): string {
  return toHex(le(value, length));
}

function crcCases(): SerialVector[] {
  const inputs = [utf8('123456789'), new Uint8Array(0), Uint8Array.of(0), new Uint8Array(64).fill(0xff)];
  return inputs.map((bytes) => ({ case: 'crc', bytes: toHex(bytes), crc: hexLe(crc16(bytes), 2) }));
}

function cobsCases(): SerialVector[] {
  const bodies = [
    [],
    [0],
    [0, 0],
    [1],
    [0x11, 0x22, 0, 0x33],
    [0x11, 0, 0, 0],
    Array.from({ length: 250 }, (_, at) => at + 1),
    Array.from({ length: 253 }, (_, at) => at + 1),
    Array.from({ length: 254 }, (_, at) => at + 1),
    Array.from({ length: 255 }, (_, at) => at + 1),
    Array.from({ length: 255 }, (_, at) => (at + 1) & 0xff).concat(0),
  ];
  return bodies.map((body) => {
    const coded = new Uint8Array(body.length + 3);
    const end = encodeCobs(Uint8Array.from(body), coded, 0);
    return { case: 'cobs', body: toHex(Uint8Array.from(body)), coded: toHex(coded.subarray(0, end)) };
  });
}

function brokenCobs(note: string, coded: string): SerialVector {
  return { case: 'bad-cobs', note, coded };
}

const PLAIN = { seq: 0, ack: 0, notReady: false, again: false, payload: new Uint8Array(0) };

function frameCase(note: string, fields: Partial<Frame> & Pick<Frame, 'type'>): SerialVector {
  const frame = { ...PLAIN, ...fields };
  return {
    case: 'frame',
    note,
    type: frame.type,
    body: toHex(encodeBody(frame).slice(0, -2)),
    wire: toHex(encodeFrame(frame)),
  };
}

function frameCases(): SerialVector[] {
  return [
    frameCase('an acknowledgement', { type: 'ack', seq: 1, ack: 2 }),
    frameCase('not ready', { type: 'ack', seq: 255, ack: 254, notReady: true }),
    frameCase('wanted again', { type: 'nak', seq: 17, ack: 17 }),
    frameCase('data', { type: 'data', seq: 4, ack: 9, payload: fromHex('0102030405060708090a0b')! }),
    frameCase('data sent again', { type: 'data', seq: 4, ack: 9, again: true, payload: fromHex('00')! }),
    frameCase('zeros', { type: 'data', payload: new Uint8Array(8) }),
    frameCase('the largest of an AVR', { type: 'data', seq: 200, payload: new Uint8Array(59).fill(0xa5) }),
    frameCase('the largest', { type: 'data', seq: 200, payload: Uint8Array.from({ length: 245 }, (_, at) => at) }),
    frameCase('a reset', { type: 'reset', payload: Uint8Array.of(1, 4) }),
    frameCase('a log line', { type: 'log', payload: join([2], utf8('sensor ready')) }),
  ];
}

/** Bytes between two zeros that are no frame, and what they count as. */
function noiseCases(): SerialVector[] {
  const body = encodeBody({ ...PLAIN, type: 'ack', seq: 1, ack: 2 });
  const code = (bytes: Uint8Array) => {
    const coded = new Uint8Array(bytes.length + 3);
    return toHex(coded.subarray(0, encodeCobs(bytes, coded, 0)));
  };
  const withCrc = (bytes: Uint8Array) => code(join(bytes, le(crc16(bytes), 2)));
  const damaged = body.slice();
  damaged[1]! ^= 0x40;
  return [
    { case: 'noise', note: 'a bit flipped', chunk: code(damaged), as: 'bad-crc' },
    { case: 'noise', note: 'too short', chunk: code(body.subarray(0, 4)), as: 'too-short' },
    { case: 'noise', note: 'a code byte that reaches behind the end', chunk: '09ff80', as: 'bad-cobs' },
    { case: 'noise', note: 'another version', chunk: withCrc(fromHex('420102')!), as: 'wrong-version' },
    { case: 'noise', note: 'an unknown type', chunk: withCrc(fromHex('0f0102')!), as: 'unknown-type' },
    { case: 'noise', note: 'longer than 250', chunk: withCrc(new Uint8Array(249).fill(2)), as: 'too-long' },
    { case: 'noise', note: 'two characters', chunk: toHex(utf8('ok')), as: 'bad-cobs' },
    { case: 'noise', note: 'an escape', chunk: toHex(utf8('\u001b[2Jgone')), as: 'bad-cobs' },
    { case: 'noise', note: 'text', chunk: toHex(utf8('t = 21.5 °C\r\n')), as: 'text' },
  ];
}

function sessionCases(): SerialVector[] {
  const name = { deviceId: DEVICE_ID, hostNonce: HOST_NONCE, epoch: EPOCH, session: SESSION };
  const key = deriveSessionKey(DEVICE_KEY, name);
  const hello = join([1], HOST_NONCE, [250, 4], le(1_790_000_000_000, 6));
  const later = join([1], HOST_NONCE, [250, 4], le(1_790_000_001_000, 6));
  const answer = join(
    [1],
    DEVICE_ID,
    le(0x010203, 4),
    le(EPOCH, 4),
    le(SESSION, 4),
    [0, 64, 4, 2],
    le(topicsCrc(TOPICS), 2),
    le(12, 2),
    le(5, 2),
    le(1042, 4),
    le(0, 2),
  );
  const tag = helloTag(sessionAead(key), { epoch: EPOCH, hello, answer });
  const shared = {
    case: 'hello-ack',
    'session-key': toHex(key),
    epoch: hexLe(EPOCH, 4),
    'hello-ack': toHex(join(answer, tag)),
  };
  return [
    {
      case: 'session-key',
      'device-key': toHex(DEVICE_KEY),
      'device-id': toHex(DEVICE_ID),
      'host-nonce': toHex(HOST_NONCE),
      epoch: hexLe(EPOCH, 4),
      session: hexLe(SESSION, 4),
      'session-key': toHex(key),
    },
    { ...shared, note: 'the answer to a greeting', hello: toHex(hello) },
    { ...shared, note: 'the same greeting later: the same answer', hello: toHex(later) },
  ];
}

const SESSION_KEY = deriveSessionKey(DEVICE_KEY, {
  deviceId: DEVICE_ID,
  hostNonce: HOST_NONCE,
  epoch: EPOCH,
  session: SESSION,
});

function recordCase(
  note: string,
  direction: keyof typeof DIRECTIONS,
  fields: Partial<RecordToSeal> & Pick<RecordToSeal, 'type' | 'value'>,
): SerialVector {
  const record: RecordToSeal = { topicId: 0, counter: 1, t: 60_000, signature: null, ...fields };
  const seal = { aead: sessionAead(SESSION_KEY), epoch: EPOCH };
  const payload = sealRecord(record, seal, DIRECTIONS[direction]);
  return {
    case: 'record',
    note,
    type: record.type,
    'session-key': toHex(SESSION_KEY),
    epoch: hexLe(EPOCH, 4),
    direction: hexLe(DIRECTIONS[direction], 1),
    header: toHex(payload.subarray(0, 10)),
    value: toHex(record.value),
    ...(record.signature === null ? {} : { signature: toHex(record.signature) }),
    payload: toHex(payload),
  };
}

const hex = (text: string) => fromHex(text.replaceAll(' ', ''))!;

function recordCases(): SerialVector[] {
  return [
    recordCase('21.1 as float32', 'reading', { type: 'reading', topicId: 1, value: hex('fa 41a8cccd') }),
    recordCase('the largest numbers', 'reading', {
      type: 'reading',
      topicId: 255,
      counter: 0xffff_ffff,
      t: 0xffff_ffff,
      value: hex('1b 001fffffffffffff'),
    }),
    recordCase('nothing', 'reading', { type: 'reading', topicId: 2, counter: 3, value: hex('') }),
    recordCase('a text of 33 bytes', 'reading', {
      type: 'reading',
      topicId: 2,
      counter: 4,
      value: join([0x78, 33], utf8('the door of the greenhouse opened')),
    }),
    recordCase('signed', 'reading', {
      type: 'reading',
      topicId: 1,
      counter: 5,
      value: hex('fa 41a8cccd'),
      signature: Uint8Array.from({ length: 64 }, (_, at) => at),
    }),
    recordCase('[77, 90000, true]', 'host', {
      type: 'command',
      topicId: 9,
      counter: 3,
      t: 0,
      value: hex('83 184d 1a00015f90 f5'),
    }),
    recordCase('[77, 0, 1]', 'device', {
      type: 'command-result',
      topicId: 9,
      counter: 7,
      value: hex('83 184d 00 01'),
    }),
    recordCase('a topic', 'device', { type: 'register', counter: 2, value: TOPICS[0]! }),
    recordCase('[0]', 'device', { type: 'time', value: hex('81 00') }),
    recordCase('[1]', 'host', { type: 'time', counter: 2, t: 0, value: hex('81 01') }),
    recordCase('statistics', 'device', {
      type: 'stats',
      counter: 8,
      value: hex('8a 191234 19abcd 01 00 02 03 04 05 06 1820'),
    }),
    recordCase('[12, 19]', 'device', { type: 'gap', topicId: 1, counter: 9, value: hex('82 0c 13') }),
    recordCase('[true, 1790000000000, 60]', 'host', {
      type: 'welcome',
      t: 0,
      value: hex('83 f5 1b 000001a0c4506c00 183c'),
    }),
  ];
}

/** [id, kind, name, type, unit] */
const TOPICS = [
  join([0x85, 1, 0, 0x6f], utf8('greenhouse/temp'), [0x65], utf8('float'), [0x63], utf8('°C')),
  join([0x85, 2, 0, 0x6f], utf8('greenhouse/door'), [0x64], utf8('text'), [0x60]),
  join([0x85, 9, 1, 0x65], utf8('relay'), [0x64], utf8('bool'), [0x60]),
] as const;

function topicsCrc(values: readonly Uint8Array[]): number {
  return crc16(join(...values));
}

function topicCases(): SerialVector[] {
  return [TOPICS.slice(0, 1), TOPICS].map((values) => ({
    case: 'topics-crc',
    values: toHex(join(...values)),
    crc: hexLe(topicsCrc(values), 2),
  }));
}

const PROVISION = { deviceId: DEVICE_ID, key: DEVICE_KEY, epochFloor: 41 };

function provisionCases(): SerialVector[] {
  return [
    {
      case: 'provisioned',
      'device-key': toHex(DEVICE_KEY),
      provision: toHex(provisionPayload(PROVISION)),
      provisioned: toHex(provisionedPayload(PROVISION)),
    },
  ];
}

function withCrc(bytes: Uint8Array): Uint8Array {
  return join(bytes, le(crc16(bytes), 2));
}

/** The memory of a device: two key slots, 16 cells of epochs; `null` for a cell never written. */
function memory(slots: readonly (Uint8Array | null)[], epochs: readonly (number | null)[]): Uint8Array {
  const cells = Array.from({ length: 16 }, (_, at) => epochs[at] ?? null);
  return join(
    ...slots.map((slot) => slot ?? new Uint8Array(30).fill(0xff)),
    ...cells.map((epoch) => (epoch === null ? new Uint8Array(6).fill(0xff) : withCrc(le(epoch, 4)))),
  );
}

function memoryCase(
  note: string,
  image: Uint8Array,
  { isProvisioned, next }: { isProvisioned: boolean; next: number },
): SerialVector {
  return {
    case: 'nv',
    note,
    image: toHex(image),
    provisioned: isProvisioned ? '01' : '00',
    // The epoch of the next boot.
    'next-epoch': hexLe(next, 4),
  };
}

function memoryCases(): SerialVector[] {
  const slot = withCrc(join(DEVICE_ID, DEVICE_KEY, le(41, 4)));
  const torn = slot.slice();
  torn[20]! ^= 1;
  const halfWritten = memory([slot, slot], [255, 256]);
  // The cell of 256, its low byte written and no more.
  halfWritten.set([0x00, 0xff, 0xff, 0xff, 0xff, 0xff], 66);
  return [
    memoryCase('fresh', memory([null, null], []), { isProvisioned: false, next: 1 }),
    memoryCase('provisioned, never booted', memory([slot, slot], []), { isProvisioned: true, next: 42 }),
    memoryCase('the first slot torn', memory([torn, slot], [42, 43]), { isProvisioned: true, next: 44 }),
    memoryCase('the second slot torn', memory([slot, torn], [42, 43]), { isProvisioned: true, next: 44 }),
    memoryCase('gone round', memory([slot, slot], Array.from({ length: 16 }, (_, at) => (at < 3 ? 74 : 58) + at)), {
      isProvisioned: true,
      next: 77,
    }),
    memoryCase('power cut while 256 was written', halfWritten, { isProvisioned: true, next: 256 }),
    memoryCase('epochs below the floor', memory([slot, slot], [3, 4]), { isProvisioned: true, next: 42 }),
  ];
}

/** CBOR items of devices and what they are in the mesh. */
function valueCases(): SerialVector[] {
  const good: readonly (readonly [string, string])[] = [
    ['00', '0'],
    ['17', '23'],
    ['18 18', '24'],
    ['19 0100', '256'],
    ['1a 00010000', '65536'],
    ['1b 0000000100000000', '4294967296'],
    ['1b ffffffffffffffff', '18446744073709551615'],
    ['20', '-1'],
    ['39 03e7', '-1000'],
    ['fa 41a8cccd', '21.1'],
    ['fa 3dcccccd', '0.1'],
    ['fa 42f6e979', '123.456'],
    ['fa 7f7fffff', '3.4028234663852886e+38'],
    ['fa 00000001', '1e-45'],
    ['fa c0490fdb', '-3.1415927'],
    ['fa 41200000', '10'],
    ['fa 7fc00000', 'null'],
    ['f9 3c00', '1'],
    ['f9 2e66', '0.1'],
    ['f9 7c00', 'null'],
    ['fb 3ff199999999999a', '1.1'],
    ['f4', 'false'],
    ['f5', 'true'],
    ['f6', 'null'],
    ['82 01 fa41a8cccd', '[1,21.1]'],
    ['a2 61 74 fa41a8cccd 61 68 18 37', '{"t":21.1,"h":55}'],
    ['82 43 010203 61 22', '["AQID","\\""]'],
  ];
  const bad: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['two items', '00 00'],
    ['a longer form than needed', '18 17'],
    ['indefinite length', '9f ff'],
    ['a tag', 'c0 00'],
    ['undefined', 'f7'],
    ['a text cut short', '63 61'],
    ['a text that is not UTF-8', '61 ff'],
    ['an array longer than the bytes', '9b 00000000ffffffff'],
    ['a key twice', 'a2 61 61 00 61 61 01'],
    ['nested too deep', `${'81 '.repeat(9)}00`],
  ];
  return [
    ...good.map(([item, json]) => ({ case: 'value', item: toHex(hex(item)), json })),
    ...bad.map(([note, item]) => ({ case: 'bad-value', note, item: toHex(hex(item)) })),
  ];
}

/** The content of each file. */
export function makeSerialVectors(): Record<string, readonly SerialVector[]> {
  return {
    'frames.txt': [
      ...crcCases(),
      ...cobsCases(),
      brokenCobs('a zero inside', '0300'),
      brokenCobs('an end too early', '0511'),
      ...frameCases(),
      ...noiseCases(),
    ],
    'records.txt': [...sessionCases(), ...recordCases(), ...topicCases()],
    'provision.txt': [...provisionCases(), ...memoryCases()],
    'values.txt': valueCases(),
  };
}

/** A file's text: a line a field, an empty line after each case. */
export function vectorText(name: string, cases: readonly SerialVector[]): string {
  const about = `# Golden bytes of the serial link (firmware-bridge/README.md): ${name}, made by test/vectors/make-serial-vectors.ts.`;
  const text = cases.map((one) =>
    Object.entries(one)
      .map(([field, value]) => `${field} = ${value}`.trimEnd())
      .join('\n'),
  );
  return `${about}\n\n${text.join('\n\n')}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, cases] of Object.entries(makeSerialVectors())) {
    writeFileSync(new URL(`./serial/${name}`, import.meta.url), vectorText(name, cases));
  }
}
