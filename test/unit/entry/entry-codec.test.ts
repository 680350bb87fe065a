import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cborInt, concatBytes, encodeCbor, fromHex, toHex } from '../../../src/bytes/index.ts';
import { signCose1 } from '../../../src/cose/index.ts';
import {
  decodeEntry,
  ENTRY_BYTES_MAX,
  type Entry,
  type EntryDraft,
  entryIdOf,
  type Message,
  messageBytesBound,
  NUMBER_MAX,
  PAYLOAD_BYTES_MAX,
  sealEntry,
  verifyEntry,
} from '../../../src/entry/index.ts';
import { createRealm, Realm } from '../../../src/realm/index.ts';
import {
  AAD,
  AUTHOR,
  EPOCH,
  PREV,
  sampleDraft,
  sampleMessage,
  sampleOrigin,
  TIME_MS,
} from './sample-drafts.ts';

const MALFORMED = { ok: false, code: 'entry.malformed' };

function decoded(bytes: Uint8Array): Entry {
  const entry = decodeEntry(bytes);
  if (!entry.ok) throw new Error(entry.code);
  return entry.value;
}

function roundTrip(fields: Partial<EntryDraft> = {}): Entry {
  return decoded(sealEntry(sampleDraft(fields), AUTHOR, AAD).bytes);
}

/** Body of a sample entry as CBOR items, for changing one of them. */
function bodyItems(): unknown[] {
  const message = ['site/temp', Buffer.from('21.5'), 0];
  return [1, 'main', fromHex(EPOCH), 1, 1, 0, null, 1, cborInt(TIME_MS), 0, [message]];
}

/** A signed object with any body. */
function withBody(body: unknown): Uint8Array {
  return signCose1(body instanceof Uint8Array ? body : encodeCbor(body), AUTHOR, AAD);
}

/** The sample body with some items replaced. */
function bodyWith(changes: Record<number, unknown>): Uint8Array {
  const items = bodyItems();
  for (const [index, item] of Object.entries(changes)) items[Number(index)] = item;
  return withBody(items);
}

/** The sample body with this content, and its count. */
function contentOf(...messages: unknown[]): Uint8Array {
  return bodyWith({ 4: messages.length, 10: messages });
}

describe('an entry', () => {
  it('comes back as it was drafted, with its bytes, id and author', () => {
    const sealed = sealEntry(sampleDraft(), AUTHOR, AAD);
    const entry = decoded(sealed.bytes);
    expect(entry).toEqual({ ...sealed, messages: entry.messages });
    expect(entry.author).toBe(AUTHOR.nodeId);
    expect(entry.bytes).toBe(sealed.bytes);
    expect(entry.id).toBe(entryIdOf(sealed.bytes));
    expect(entry.messages).toHaveLength(1);
    expect(toHex(entry.messages![0]!.payload)).toBe(toHex(Buffer.from('21.5')));
  });

  it('keeps all that a message can hold', () => {
    const message = sampleMessage({
      contentType: 'text/plain',
      key: 'station 7',
      headers: { unit: '°C', __proto__x: 'y', ['__proto__']: 'kept' },
      retain: true,
      was: { epoch: EPOCH, seq: 2 ** 40 },
      publishId: { producer: 'feeder', n: NUMBER_MAX - 1 },
      origin: {
        ...sampleOrigin({ uptimeMs: NUMBER_MAX - 1, signature: Buffer.alloc(64), topic: 'temp' }),
        value: Buffer.of(0xf5),
        extra: new Map([[10, [2 ** 40]]]),
      },
      extra: new Map<number, unknown>([
        [-3, [1, null, 1.5]],
        [900, new Map([['deep', 2 ** 40]])],
        [901, -(2 ** 40)],
      ]),
    });
    const [read] = roundTrip({ messages: [message] }).messages!;
    expect({ ...read, headers: { ...read!.headers }, payload: Buffer.from(read!.payload) }).toEqual(message);
    expect(Object.entries(read!.headers!)).toContainEqual(['__proto__', 'kept']);
  });

  it('keeps messages apart whose clocks are years apart, in either direction', () => {
    const times = [
      0,
      1,
      TIME_MS - 2 ** 33,
      TIME_MS - 2 ** 31 - 1,
      TIME_MS,
      TIME_MS + 2 ** 33,
      NUMBER_MAX - 1,
    ];
    const messages = times.map((timeMs) => sampleMessage({ timeMs }));
    expect(roundTrip({ messages }).messages!.map(({ timeMs }) => timeMs)).toEqual(times);
  });

  it('takes numbers up to 2^48 - 1', () => {
    const most = NUMBER_MAX - 1;
    const fields = {
      seq: most,
      skip: most - 1,
      prev: null,
      lamport: most,
      timeMs: most,
      ttlSeconds: 2 ** 32 - 1,
    };
    const entry = roundTrip({ ...fields, messages: [sampleMessage({ timeMs: most })] });
    expect(entry).toMatchObject(fields);
  });

  it('writes a repeated topic as the number of the message that had it first', () => {
    const topics = ['a', 'b', 'a', 'b', 'c', 'a'];
    const messages = topics.map((topic) => sampleMessage({ topic }));
    const entry = roundTrip({ messages });
    expect(entry.messages!.map(({ topic }) => topic)).toEqual(topics);
    const long = 'x'.repeat(1_000);
    const repeated = sealEntry(
      sampleDraft({ messages: Array.from({ length: 256 }, () => sampleMessage({ topic: long })) }),
      AUTHOR,
      AAD,
    );
    expect(repeated.bytes.length).toBeLessThan(1_000 + 256 * 12 + 300);
  });

  it('replaces halves of surrogate pairs in texts, so that its author never writes what others refuse', () => {
    const half = 'a\ud800b';
    const message = sampleMessage({ key: half, contentType: half, headers: { [half]: half } });
    const [read] = roundTrip({ messages: [message] }).messages!;
    expect(read!.key).toBe('a\ufffdb');
    expect(read!.contentType).toBe('a\ufffdb');
    expect({ ...read!.headers }).toEqual({ 'a\ufffdb': 'a\ufffdb' });
  });

  it('holds the largest payload', () => {
    const payload = new Uint8Array(PAYLOAD_BYTES_MAX).fill(1);
    expect(roundTrip({ messages: [sampleMessage({ payload })] }).messages![0]!.payload.length).toBe(
      PAYLOAD_BYTES_MAX,
    );
  });

  it('ignores what follows the content', () => {
    const entry = decoded(withBody([...bodyItems(), 'later', new Map([[1, 2]])]));
    expect(entry.messages).toHaveLength(1);
  });

  it('of a higher version is carried with its header read and its messages unread', () => {
    const entry = decoded(bodyWith({ 0: 2, 4: 7, 10: Buffer.from('ciphertext') }));
    expect(entry).toMatchObject({ version: 2, seq: 1, count: 7, messages: null });
    expect(decodeEntry(bodyWith({ 0: 2, 3: 'one' }))).toEqual(MALFORMED);
  });

  it('of a $ channel may hold $ topics', () => {
    const messages = [sampleMessage({ topic: '$realm/grant' })];
    expect(roundTrip({ channel: '$realm', messages }).messages![0]!.topic).toBe('$realm/grant');
  });
});

describe('a signature', () => {
  const realm = (name: string, fill: number): Realm =>
    new Realm(createRealm({ name, randomBytes: (n) => new Uint8Array(n).fill(fill) }).anchor);
  const here = realm('here', 1);
  const sealed = sealEntry(sampleDraft(), AUTHOR, here.entryAad());

  it('is good for its realm', () => {
    expect(verifyEntry(sealed.bytes, here.entryAad())).toEqual({ ok: true, value: true });
  });

  it('is nothing in another realm, whatever that is called', () => {
    const other = realm('here', 2);
    expect(verifyEntry(sealed.bytes, other.entryAad())).toEqual({ ok: false, code: 'entry.bad-signature' });
  });

  it.each([
    ['channel', { channel: 'alarm' }],
    ['epoch', { epoch: 'ffeeddccbbaa9988' }],
    ['number', { seq: 2, prev: PREV }],
    ['previous entry', { seq: 2, prev: EPOCH + EPOCH }],
    ['skip', { seq: 2, skip: 1 }],
    ['Lamport time', { lamport: 2 }],
    ['time', { timeMs: TIME_MS + 1 }],
    ['ttl', { ttlSeconds: 60 }],
    ['message', { messages: [sampleMessage({ topic: 'other' })] }],
  ])('does not fit after a change of the %s', (_what, fields) => {
    const changed = Uint8Array.from(
      sealEntry(sampleDraft(fields as Partial<EntryDraft>), AUTHOR, here.entryAad()).bytes,
    );
    changed.set(sealed.bytes.subarray(-64), changed.length - 64);
    expect(decodeEntry(changed).ok).toBe(true);
    expect(verifyEntry(changed, here.entryAad())).toEqual({ ok: false, code: 'entry.bad-signature' });
  });

  it('of a malformed frame is not looked at', () => {
    expect(verifyEntry(sealed.bytes.subarray(1), here.entryAad())).toEqual(MALFORMED);
  });
});

describe('decoding refuses', () => {
  const topic = 'site/temp';
  const payload = Buffer.from('21.5');
  const two = [topic, payload, 0];

  it('nothing of the sample itself', () => {
    expect(decodeEntry(withBody(bodyItems())).ok).toBe(true);
    expect(toHex(withBody(bodyItems()))).toBe(toHex(sealEntry(sampleDraft(), AUTHOR, AAD).bytes));
  });

  it.each<[string, () => Uint8Array]>([
    ['a body that is no array', () => withBody(new Map([[1, 1]]))],
    ['an empty body', () => withBody(new Uint8Array(0))],
    ['a body with too few items', () => withBody(bodyItems().slice(0, 10))],
    ['bytes behind the body', () => withBody(concatBytes([encodeCbor(bodyItems()), Uint8Array.of(0)]))],
    [
      'a body of indefinite length',
      () => {
        const body = encodeCbor(bodyItems());
        return withBody(concatBytes([Uint8Array.of(0x9f), body.subarray(1), Uint8Array.of(0xff)]));
      },
    ],
    [
      'a number that is longer than it need be',
      () => {
        const body = Buffer.from(encodeCbor(bodyItems()));
        expect(body[1]).toBe(1);
        return withBody(concatBytes([body.subarray(0, 1), Uint8Array.of(0x18, 1), body.subarray(2)]));
      },
    ],
    ['version 0', () => bodyWith({ 0: 0 })],
    ['a version that is no number', () => bodyWith({ 0: '1' })],
    ['an empty channel', () => bodyWith({ 1: '' })],
    ['a channel of 66 characters', () => bodyWith({ 1: 'c'.repeat(66) })],
    ['a channel that no realm can declare', () => bodyWith({ 1: '../etc' })],
    ['a channel in bytes', () => bodyWith({ 1: Buffer.from('main') })],
    ['an epoch of 7 bytes', () => bodyWith({ 2: new Uint8Array(7) })],
    ['an epoch of 9 bytes', () => bodyWith({ 2: new Uint8Array(9) })],
    ['an epoch in hexadecimal', () => bodyWith({ 2: EPOCH })],
    ['number 0', () => bodyWith({ 3: 0 })],
    ['a negative number', () => bodyWith({ 3: -1 })],
    ['a number as text', () => bodyWith({ 3: '1' })],
    ['a number with a fraction', () => bodyWith({ 3: 1.5 })],
    ['a number of 2^48', () => bodyWith({ 3: cborInt(2 ** 48), 6: fromHex(PREV) })],
    [
      'a last number of 2^48',
      () => bodyWith({ 3: cborInt(2 ** 48 - 1), 4: 2, 6: fromHex(PREV), 10: [two, two] }),
    ],
    ['a number of 2^64 - 1', () => bodyWith({ 3: 2n ** 64n - 1n, 6: fromHex(PREV) })],
    ['no messages', () => bodyWith({ 4: 0, 10: [] })],
    ['257 messages', () => bodyWith({ 4: 257, 10: Array.from({ length: 257 }, () => two) })],
    ['a count above its messages', () => bodyWith({ 4: 2 })],
    ['a count below its messages', () => bodyWith({ 10: [two, two] })],
    ['a skip that reaches number 0', () => bodyWith({ 3: 5, 5: 5, 6: fromHex(PREV) })],
    ['a skip beyond its number', () => bodyWith({ 3: 5, 5: 6, 6: fromHex(PREV) })],
    ['a negative skip', () => bodyWith({ 5: -1 })],
    ['nothing before an entry that is not the first', () => bodyWith({ 3: 2 })],
    ['something before the first entry', () => bodyWith({ 6: fromHex(PREV) })],
    ['something before an entry that skips all numbers', () => bodyWith({ 3: 3, 5: 2, 6: fromHex(PREV) })],
    ['a previous entry of 15 bytes', () => bodyWith({ 3: 2, 6: new Uint8Array(15) })],
    ['a previous entry of another type', () => bodyWith({ 3: 2, 6: false })],
    ['a negative Lamport time', () => bodyWith({ 7: -1 })],
    ['a Lamport time of 2^48', () => bodyWith({ 7: cborInt(2 ** 48) })],
    ['a negative time', () => bodyWith({ 8: -1 })],
    ['a time of 2^48', () => bodyWith({ 8: cborInt(2 ** 48) })],
    ['a time as float', () => bodyWith({ 8: TIME_MS })],
    ['a negative ttl', () => bodyWith({ 9: -1 })],
    ['a ttl of 2^32 seconds', () => bodyWith({ 9: cborInt(2 ** 32) })],
    ['content that is no array', () => bodyWith({ 10: 'text' })],
    ['a message that is no array', () => contentOf('text')],
    ['a message of two items', () => contentOf([topic, payload])],
    ['a message of five items', () => contentOf([topic, payload, 0, new Map(), 0])],
    ['an empty topic', () => contentOf(['', payload, 0])],
    ['a wildcard topic', () => contentOf(['site/+', payload, 0])],
    ['a many-level wildcard topic', () => contentOf(['site/#', payload, 0])],
    ['a topic with NUL', () => contentOf(['a\0b', payload, 0])],
    ['a topic of 1,025 bytes', () => contentOf(['x'.repeat(1_025), payload, 0])],
    ['a topic of 65 levels', () => contentOf(['x/'.repeat(64), payload, 0])],
    ['a $ topic outside a $ channel', () => contentOf(['$realm/grant', payload, 0])],
    ['a topic in bytes', () => contentOf([Buffer.from('a'), payload, 0])],
    ['a first topic that refers to itself', () => contentOf([0, payload, 0])],
    ['a topic that refers to itself', () => contentOf(two, [1, payload, 0])],
    ['a topic that refers forward', () => contentOf(two, [2, payload, 0], two)],
    ['a topic that refers to a negative number', () => contentOf(two, [-1, payload, 0])],
    ['a topic that refers to a fraction', () => contentOf(two, two, [0.5, payload, 0])],
    ['a payload as text', () => contentOf([topic, '21.5', 0])],
    ['a payload over 1 MiB', () => contentOf([topic, new Uint8Array(PAYLOAD_BYTES_MAX + 1), 0])],
    ['a delta as text', () => contentOf([topic, payload, '0'])],
    ['a delta with a fraction', () => contentOf([topic, payload, 0.5])],
    ['a message before 1970', () => contentOf([topic, payload, cborInt(-TIME_MS - 1)])],
    ['a message in the year 10889', () => contentOf([topic, payload, cborInt(2 ** 48 - TIME_MS)])],
    ['keys that are no map', () => contentOf([topic, payload, 0, [1, 'a']])],
    ['a key that is text', () => contentOf([topic, payload, 0, new Map([['1', 'a']])])],
    ['a key that is a fraction', () => contentOf([topic, payload, 0, new Map([[1.5, 'a']])])],
    [
      'a key twice',
      () => {
        const body = toHex(encodeCbor(bodyWithKeys()));
        return withBody(fromHex(body.replace('a2016161026162', 'a2016161016162'))!);
      },
    ],
    ['a content type that is no text', () => contentOf([topic, payload, 0, new Map([[1, 5]])])],
    ['a message key that is no text', () => contentOf([topic, payload, 0, new Map([[2, payload]])])],
    ['headers that are no map', () => contentOf([topic, payload, 0, new Map([[3, []]])])],
    [
      'a header name that is no text',
      () => contentOf([topic, payload, 0, new Map([[3, new Map([[1, 'a']])]])]),
    ],
    ['a header that is no text', () => contentOf([topic, payload, 0, new Map([[3, new Map([['a', 1]])]])])],
    ['retain that is a number', () => contentOf([topic, payload, 0, new Map([[4, 1]])])],
    ['was without a number', () => contentOf([topic, payload, 0, new Map([[7, [fromHex(EPOCH)]]])])],
    ['was with a short epoch', () => contentOf([topic, payload, 0, new Map([[7, [new Uint8Array(7), 1]]])])],
    [
      'was with a negative number',
      () => contentOf([topic, payload, 0, new Map([[7, [fromHex(EPOCH), -1]]])]),
    ],
    ['a publish id without a producer', () => contentOf([topic, payload, 0, new Map([[8, ['', 1]]])])],
    [
      'a publish id of a long producer',
      () => contentOf([topic, payload, 0, new Map([[8, ['p'.repeat(65), 1]]])]),
    ],
    ['a publish id of 2^48', () => contentOf([topic, payload, 0, new Map([[8, ['p', cborInt(2 ** 48)]]])])],
    ['a publish id of three items', () => contentOf([topic, payload, 0, new Map([[8, ['p', 1, 1]]])])],
  ])('%s', (_what, bytes) => {
    expect(decodeEntry(bytes())).toEqual(MALFORMED);
  });

  function bodyWithKeys(): unknown[] {
    const items = bodyItems();
    items[10] = [
      [
        topic,
        payload,
        0,
        new Map([
          [1, 'a'],
          [2, 'b'],
        ]),
      ],
    ];
    return items;
  }

  it('an entry over 1.25 MiB before it looks at it', () => {
    expect(decodeEntry(new Uint8Array(ENTRY_BYTES_MAX + 1))).toEqual({ ok: false, code: 'entry.too-large' });
    expect(decodeEntry(new Uint8Array(ENTRY_BYTES_MAX))).toEqual(MALFORMED);
  });
});

const text = (maxLength: number) => fc.string({ unit: 'binary', maxLength });
const anyMessage: fc.Arbitrary<Message> = fc
  .record(
    {
      topic: fc.string({ unit: fc.constantFrom('a', '/', 'ü', '😀', '°'), minLength: 1, maxLength: 60 }),
      payload: fc.uint8Array({ maxLength: 700 }),
      timeMs: fc.nat(NUMBER_MAX - 1),
      contentType: text(40),
      key: text(40),
      headers: fc.dictionary(text(20), text(20), { maxKeys: 30 }),
      retain: fc.boolean(),
      was: fc.constant({ epoch: EPOCH, seq: NUMBER_MAX - 1 }),
      origin: fc
        .record({
          device: fc.constant('5e09e00000000001'),
          epoch: fc.nat(NUMBER_MAX - 1),
          counter: fc.nat(NUMBER_MAX - 1),
          uptimeMs: fc.nat(NUMBER_MAX - 1),
          timeMs: fc.nat(NUMBER_MAX - 1),
          uncertaintyMs: fc.nat(NUMBER_MAX - 1),
          topic: fc.string({ unit: fc.constantFrom('a', '/', 'ü', '😀'), maxLength: 60 }),
        })
        .chain((origin) =>
          fc.oneof(
            fc.constant(origin),
            fc.uint8Array({ minLength: 1, maxLength: 300 }).map((value) => {
              return { ...origin, value, signature: new Uint8Array(64).fill(7) };
            }),
          ),
        ),
      publishId: fc.record({
        producer: fc.string({ minLength: 1, maxLength: 16 }),
        n: fc.nat(NUMBER_MAX - 1),
      }),
      extra: fc
        .dictionary(
          fc.nat(1_000).map((n) => String(n + 10)),
          fc.oneof(
            text(30),
            fc.uint8Array({ maxLength: 50 }),
            fc.integer(),
            fc.double({ noInteger: true }),
            fc.array(fc.integer()),
          ),
          { maxKeys: 30 },
        )
        .map((entries) => new Map(Object.entries(entries).map(([key, value]) => [Number(key), value]))),
    },
    { requiredKeys: ['topic', 'payload', 'timeMs'] },
  )
  .map((message) => message as Message);

describe('for any messages', () => {
  it('an entry decodes to what was drafted, and a message adds at most its bound', () => {
    fc.assert(
      fc.property(
        fc.array(anyMessage, { minLength: 1, maxLength: 8 }),
        fc.nat(NUMBER_MAX - 1),
        (messages, timeMs) => {
          const sealed = sealEntry(sampleDraft({ messages, timeMs }), AUTHOR, AAD);
          expect(sealed.bytes.length).toBeLessThanOrEqual(
            512 + messages.reduce((sum, message) => sum + messageBytesBound(message), 0),
          );
          const read = decoded(sealed.bytes).messages!;
          expect(read.map(plain)).toEqual(messages.map(plain));
          if (messages.length < 2) return;
          const less = sealEntry(sampleDraft({ messages: messages.slice(0, -1), timeMs }), AUTHOR, AAD);
          expect(sealed.bytes.length - less.bytes.length).toBeLessThanOrEqual(
            messageBytesBound(messages.at(-1)!),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  /** One form for comparing: bytes as hexadecimal, texts as UTF-8 has them, no empty maps. */
  function plain(message: Message): unknown {
    const { headers = {}, extra = new Map(), payload, contentType, key, origin, ...rest } = message;
    return {
      ...rest,
      origin:
        origin?.value === undefined
          ? origin
          : { ...origin, value: toHex(origin.value), signature: toHex(origin.signature!) },
      payload: toHex(payload),
      contentType: contentType?.toWellFormed(),
      key: key?.toWellFormed(),
      headers: Object.entries(headers)
        .map((pair) => pair.map((part) => part.toWellFormed()))
        .sort(),
      extra: [...extra].map(([name, value]) => [name, value instanceof Uint8Array ? toHex(value) : value]),
    };
  }
});

describe('for any bytes', () => {
  const samples = [
    sealEntry(sampleDraft(), AUTHOR, AAD).bytes,
    sealEntry(
      sampleDraft({
        seq: 9,
        skip: 2,
        prev: PREV,
        messages: [
          sampleMessage({ headers: { a: 'b' }, key: 'k', publishId: { producer: 'p', n: 1 } }),
          sampleMessage({ was: { epoch: EPOCH, seq: 4 }, retain: true, extra: new Map([[9, 'x']]) }),
        ],
      }),
      AUTHOR,
      AAD,
    ).bytes,
  ];

  it('decoding gives a result and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeEntry(bytes).ok).toBe(false);
        expect(decodeEntry(withBody(bytes)).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('decoding never throws on an entry with bytes changed, cut out or put in', () => {
    const edit = fc.record({
      kind: fc.constantFrom('change', 'cut', 'insert'),
      at: fc.nat(400),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (sample, edits) => {
          let bytes = Uint8Array.from(sample);
          for (const { kind, at, bytes: piece } of edits) {
            const start = at % bytes.length;
            const skipped = kind === 'insert' ? 0 : piece.length;
            const middle = kind === 'cut' ? new Uint8Array(0) : piece;
            bytes = Uint8Array.from(
              concatBytes([bytes.subarray(0, start), middle, bytes.subarray(start + skipped)]),
            );
          }
          const entry = decodeEntry(bytes);
          if (!entry.ok) {
            expect(entry.code).toBe('entry.malformed');
            return;
          }
          // What still decodes is within all limits, and is not the author's unless nothing changed.
          expect(entry.value.seq).toBeGreaterThanOrEqual(1);
          expect(verifyEntry(bytes, AAD).ok).toBe(Buffer.compare(bytes, sample) === 0);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('decoding never throws on a signed body with bytes changed', () => {
    const body = Buffer.from(encodeCbor(bodyItems()));
    for (let at = 0; at < body.length; at++) {
      for (const byte of [0x00, 0x1f, 0x3b, 0x5f, 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc0, 0xf6, 0xfb, 0xff]) {
        const changed = Uint8Array.from(body);
        changed[at] = byte;
        const entry = decodeEntry(withBody(changed));
        if (entry.ok) expect(entry.value.count).toBe(entry.value.messages?.length ?? entry.value.count);
        else expect(entry.code).toBe('entry.malformed');
      }
    }
  });
});
