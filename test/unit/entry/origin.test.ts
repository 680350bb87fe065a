import { describe, expect, it } from 'vitest';
import { concatBytes, encodeCbor, fromHex, toHex } from '../../../src/bytes/index.ts';
import { decodeEntry, type Message, type Origin, sealEntry, verifyOrigin } from '../../../src/entry/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import { AAD, AUTHOR, sampleDraft, sampleMessage, sampleOrigin } from './sample-drafts.ts';

const DEVICE = Identity.fromSeed(new Uint8Array(32).fill(12));
/** 21.1 as float32: a form that a second encoder would not give back. */
const VALUE = fromHex('fa41a8cccd')!;

function readBack(message: Message): Message {
  const entry = decodeEntry(sealEntry(sampleDraft({ messages: [message] }), AUTHOR, AAD).bytes);
  if (!entry.ok) throw new Error(entry.code);
  return entry.value.messages![0]!;
}

/** A message whose key 5 holds this, whatever it is. */
function withKey5(item: unknown): Message {
  return readBack(sampleMessage({ extra: new Map([[5, item]]) }));
}

function items(changes: Record<number, unknown> = {}): Map<number, unknown> {
  const origin = new Map<number, unknown>([
    [1, fromHex('5e09e00000000001')],
    [2, 7],
    [3, 1_042],
    [4, 90_000],
    [5, 1_000],
    [6, 12],
  ]);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) origin.delete(Number(key));
    else origin.set(Number(key), value);
  }
  return origin;
}

describe('key 5 of a message', () => {
  it('is read as an origin', () => {
    expect(withKey5(items())).toEqual({
      ...sampleMessage(),
      payload: expect.anything(),
      origin: {
        device: '5e09e00000000001',
        epoch: 7,
        counter: 1_042,
        uptimeMs: 90_000,
        timeMs: 1_000,
        uncertaintyMs: 12,
      },
    });
  });

  it('keeps what this version does not know of an origin', () => {
    const message = withKey5(items({ 10: ['later', 2 ** 40], 11: null }));
    expect([...message.origin!.extra!]).toEqual([
      [10, ['later', 2 ** 40]],
      [11, null],
    ]);
    expect(readBack(message)).toEqual(message);
  });

  it.each<[string, unknown]>([
    ['a text', 'origin'],
    ['an array', [1, 2, 3]],
    ['an empty map', new Map()],
    ['a map with names', new Map([['device', 1]])],
    ['no device', items({ 1: undefined })],
    ['a device of 7 bytes', items({ 1: new Uint8Array(7) })],
    ['a device of 9 bytes', items({ 1: new Uint8Array(9) })],
    ['a device in hexadecimal', items({ 1: '5e09e00000000001' })],
    ['no epoch', items({ 2: undefined })],
    ['a negative counter', items({ 3: -1 })],
    ['a counter with a fraction', items({ 3: 1.5 })],
    ['a time as text', items({ 5: '1000' })],
    ['no uncertainty', items({ 6: undefined })],
    ['a signature of 63 bytes', items({ 7: new Uint8Array(63), 8: VALUE })],
    ['a signature without a value', items({ 7: new Uint8Array(64) })],
    ['a value without a signature', items({ 8: VALUE })],
    ['an empty value', items({ 7: new Uint8Array(64), 8: new Uint8Array(0) })],
    ['a value that is no byte string', items({ 7: new Uint8Array(64), 8: 21.5 })],
    ['a topic in bytes', items({ 9: Buffer.from('temp') })],
    ['a topic of 1,025 bytes', items({ 9: 'x'.repeat(1_025) })],
  ])('that is no origin (%s) stays as it came, and so does its entry', (_what, item) => {
    const message = withKey5(item);
    expect(message.origin).toBeUndefined();
    expect(message.extra?.has(5)).toBe(true);
    expect(toHex(encodeCbor(message.extra!.get(5)))).toBe(toHex(encodeCbor(item)));
    expect(readBack(message)).toEqual(message);
  });
});

describe('a reading that its device signed', () => {
  /** What a device signs (firmware-bridge/README.md), made by hand from its parts. */
  function signed({ t = 90_000, topic = 'temp', device = DEVICE } = {}): Uint8Array {
    const parts = ['sedge-device/1', fromHex('5e09e00000000001'), 7, 1_042, t, topic].map(encodeCbor);
    return device.sign(concatBytes([Uint8Array.of(0x87), ...parts, VALUE]));
  }

  function reading(fields: Partial<Origin> = {}, topic = 'temp'): Message {
    const origin = sampleOrigin({ signature: signed(), value: VALUE, ...fields });
    return readBack(sampleMessage({ topic, payload: Buffer.from('21.1'), origin }));
  }

  it('verifies with the key of the device', () => {
    expect(verifyOrigin(reading(), DEVICE.publicKey)).toBe(true);
  });

  it('verifies under the topic that the device registered, below the prefix of its bridge', () => {
    expect(verifyOrigin(reading({ topic: 'temp' }, 'site/uno/temp'), DEVICE.publicKey)).toBe(true);
  });

  it('verifies past the wrap of the clock of the device', () => {
    const uptimeMs = 3 * 2 ** 32 + 17;
    expect(verifyOrigin(reading({ uptimeMs, signature: signed({ t: 17 }) }), DEVICE.publicKey)).toBe(true);
  });

  it.each<[string, Message]>([
    ['another device id', reading({ device: '5e09e00000000002' })],
    ['another epoch', reading({ epoch: 8 })],
    ['another counter', reading({ counter: 1_043 })],
    ['another time of the device', reading({ uptimeMs: 90_001 })],
    ['another value', reading({ value: fromHex('fa41a8ccce')! })],
    ['another registered topic', reading({ topic: 'site/temp' }, 'site/temp')],
    ['a topic that is not the one it signed', reading({ topic: 'temp' }, 'pressure')],
    ['a topic whose end only looks like it', reading({ topic: 'temp' }, 'site/extemp')],
    ['a signature of another key', reading({ signature: signed({ device: AUTHOR }) })],
    ['no signature', sampleMessage({ topic: 'temp', origin: sampleOrigin() })],
    ['no origin', sampleMessage({ topic: 'temp' })],
  ])('does not verify with %s', (_what, message) => {
    expect(verifyOrigin(message, DEVICE.publicKey)).toBe(false);
  });

  it('does not verify with another key, nor with what is none', () => {
    const message = reading();
    for (const key of [AUTHOR.publicKey, new Uint8Array(0), new Uint8Array(32), new Uint8Array(33)])
      expect(verifyOrigin(message, key)).toBe(false);
  });

  it('does not throw over an origin of the wrong shape', () => {
    for (const origin of [null, 5, {}, { device: 'x' }, { ...sampleOrigin(), device: 'zz'.repeat(8) }])
      expect(verifyOrigin({ topic: 'temp', origin: origin as never }, DEVICE.publicKey)).toBe(false);
  });
});
