import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../../../src/bytes/index.ts';
import type { EntryId, LogId } from '../../../src/entry/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import {
  type ControlFrame,
  type DataFrame,
  decodeControlFrame,
  decodeDataFrame,
  encodeControlFrame,
  encodeDataFrame,
} from '../../../src/sync/sync-frames.ts';

const author = Identity.fromSeed(new Uint8Array(32).fill(1));
const log = `${author.nodeId}/0011223344556677` as LogId;
const root = '00112233445566778899aabbccddeeff';
const offset = { incarnation: '0102030405060708', position: 2 ** 40 };

const CONTROL: Exclude<ControlFrame, { kind: 'unknown' }>[] = [
  { kind: 'grant', version: 1, chain: [new Uint8Array([1, 2])] },
  { kind: 'hello', storeId: '0011223344556677', channels: [{ channel: 'main', root, offset, seen: null }] },
  { kind: 'heads-wanted', channel: 'main', since: offset },
  {
    kind: 'heads',
    channel: 'main',
    root,
    final: true,
    complete: true,
    offset: null,
    heads: [{ log, last: 2 ** 47, lastId: root as EntryId, holes: [{ first: 1, last: 2 }] }],
  },
];

const DATA: Exclude<DataFrame, { kind: 'unknown' }>[] = [
  { kind: 'request', channel: 'main', credit: 5, logs: [{ log, ranges: [{ first: 1, last: 2 ** 47 }] }] },
  { kind: 'credit', credit: 64 * 1024 * 1024 },
  { kind: 'entries', entries: [{ ageMs: 2 ** 40, bytes: new Uint8Array([9]) }] },
  { kind: 'done', withheld: [] },
];

/** Values that look like frames. */
const framelike = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer({ min: -5, max: 2 ** 50 }),
    fc.constantFrom(0, 1, 2, 3, -1, 2 ** 48, 2 ** 53, 0.5, Number.NaN, null, true, false, 'main', ''),
    fc.uint8Array({ maxLength: 40 }),
    fc.constant(new Uint8Array(32)),
    fc.constant(new Uint8Array(16)),
    fc.constant(new Uint8Array(8)),
    fc.string(),
    fc.array(tie('value'), { maxLength: 8 }),
  ),
})).value;

describe('sync frames', () => {
  it.each(CONTROL)('come back as they were: $kind', (frame) => {
    const decoded = decodeControlFrame(encodeControlFrame(frame));
    expect(decoded.ok && decoded.value.kind === frame.kind).toBe(true);
    expect(encodeControlFrame((decoded as { value: typeof frame }).value)).toEqual(encodeControlFrame(frame));
  });

  it.each(DATA)('come back as they were: $kind', (frame) => {
    const decoded = decodeDataFrame(encodeDataFrame(frame));
    expect(decoded.ok && decoded.value.kind === frame.kind).toBe(true);
    expect(encodeDataFrame((decoded as { value: typeof frame }).value)).toEqual(encodeDataFrame(frame));
  });

  it('never throw on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        decodeControlFrame(bytes);
        decodeDataFrame(bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never throw on anything shaped like a frame', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.array(framelike, { maxLength: 9 }), (type, items) => {
        const bytes = encodeCbor([type, ...items]);
        decodeControlFrame(bytes);
        decodeDataFrame(bytes);
      }),
      { numRuns: 3_000 },
    );
  });

  it('never throw on a frame with a byte changed or cut off', () => {
    const frames = [...CONTROL.map(encodeControlFrame), ...DATA.map(encodeDataFrame)];
    for (const frame of frames) {
      for (let at = 0; at < frame.length; at++) {
        for (const value of [0, 0x1f, 0x3b, 0x5f, 0x7f, 0x9f, 0xbf, 0xdf, 0xff]) {
          const changed = frame.slice();
          changed[at] = value;
          decodeControlFrame(changed);
          decodeDataFrame(changed);
        }
        decodeControlFrame(frame.subarray(0, at));
        decodeDataFrame(frame.subarray(0, at));
      }
    }
  });

  it('refuse deep CBOR', () => {
    const deep = new Uint8Array(100_000).fill(0x81);
    expect(decodeControlFrame(deep)).toMatchObject({ ok: false, code: 'sync.malformed' });
  });

  it.each([
    ['no number at all', 0, []],
    ['2^48', 2 ** 48, []],
    ['2^64 - 1', 2n ** 64n - 1n, []],
    ['a hole above the head', 5, [5, 6]],
    ['a hole upside down', 10, [5, 4]],
    ['holes that overlap', 10, [1, 3, 3, 4]],
    ['holes in disorder', 10, [5, 6, 1, 2]],
    ['a hole from 0', 10, [0, 2]],
    ['half a hole', 10, [1]],
    ['too many holes', 2 ** 40, Array.from({ length: 2_050 }, (_, index) => index * 2 + 1).map((n) => n * 2)],
  ])('refuse heads with %s', (_, last, holes) => {
    const publicKey = author.publicKey;
    const head = [publicKey, new Uint8Array(8), last, new Uint8Array(16), holes];
    const frame = encodeCbor([3, 'main', new Uint8Array(16), true, true, null, 0, [head]]);
    const decoded = decodeControlFrame(frame);
    expect(decoded.ok).toBe(false);
    expect(!decoded.ok && ['sync.lying-heads', 'sync.malformed'].includes(decoded.code)).toBe(true);
  });

  it.each([
    [
      'too many channels',
      [1, new Uint8Array(8), Array.from({ length: 257 }, () => ['c', new Uint8Array(16), null, 0, null, 0])],
    ],
    [
      'too many heads',
      [3, 'main', new Uint8Array(16), true, true, null, 0, Array.from({ length: 1_025 }, () => [])],
    ],
    ['too long a chain', [0, 1, Array.from({ length: 9 }, () => new Uint8Array(1))]],
    ['a channel of 65 letters', [2, 'x'.repeat(65), null, 0]],
  ])('refuse %s', (_, items) => {
    expect(decodeControlFrame(encodeCbor(items))).toMatchObject({ ok: false, code: 'sync.malformed' });
  });

  it.each([
    ['negative credit', [1, -1]],
    ['endless credit', [1, 2 ** 40]],
    ['broken credit', [1, 0.5]],
    ['too many logs', [0, 'main', 1, Array.from({ length: 1_025 }, () => [])]],
    ['entries without age', [2, [[new Uint8Array(1)]]]],
  ])('refuse %s', (_, items) => {
    expect(decodeDataFrame(encodeCbor(items))).toMatchObject({ ok: false, code: 'sync.malformed' });
  });

  it('pass over types of a later version', () => {
    expect(decodeControlFrame(encodeCbor([9, 'new']))).toMatchObject({
      ok: true,
      value: { kind: 'unknown' },
    });
    expect(decodeDataFrame(encodeCbor([9, 'new']))).toMatchObject({ ok: true, value: { kind: 'unknown' } });
  });
});
