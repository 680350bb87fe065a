import { expect, test } from 'vitest';
import { addressText } from '../../../../node/dashboard/page/address-text.js';
import { cardLifeText } from '../../../../node/dashboard/page/card-life.js';
import { ago, bytes, count, milliseconds, perSecond, span } from '../../../../node/dashboard/page/format.js';
import { listed } from '../../../../node/dashboard/page/health.js';
import { numericFields } from '../../../../node/dashboard/page/numeric-fields.js';
import { linkWords, syncWords } from '../../../../node/dashboard/page/peer-words.js';
import { RingBuffer } from '../../../../node/dashboard/page/ring-buffer.js';

/** With plain spaces, to be read here. */
function plain(text: string): string {
  return text.replaceAll('\u202f', ' ');
}

test('figures have three digits and a unit', () => {
  expect([0, 999, 1_000, 12_345, 999_950, 4.3e9].map((value) => plain(bytes(value)))).toEqual([
    '0 B',
    '999 B',
    '1.00 kB',
    '12.3 kB',
    '1.00 MB',
    '4.30 GB',
  ]);
  expect([0.01, 0.31, 9.96, 213.4].map((value) => plain(perSecond(value)))).toEqual([
    '0 /s',
    '0.3 /s',
    '10.0 /s',
    '213 /s',
  ]);
  expect([0.44, 12.4, 61_000].map((ms) => plain(milliseconds(ms)))).toEqual(['0.4 ms', '12 ms', '1 min']);
  expect(plain(count(1_234_567))).toBe('1 234 567');
});

test('times are said in their two biggest units', () => {
  expect([900, 61_000, 7_260_000, 90_000_000, 2e11].map((ms) => plain(span(ms)))).toEqual([
    '1 s',
    '1 min',
    '2 h 1 min',
    '1 d 1 h',
    '6.3 years',
  ]);
  expect([ago(null, 0), plain(ago(1_000, 4_000)), ago(1_000, 1_900), plain(ago(5_000, 1_000))]).toEqual([
    'never',
    '3 s ago',
    'now',
    'in 4 s',
  ]);
});

test('addresses are written as people write them', () => {
  expect(addressText('/ip4/10.0.0.1/tcp/7600/p2p/12D3Koo')).toBe('10.0.0.1:7600');
  expect(addressText('/ip6/::1/tcp/7600')).toBe('[::1]:7600');
  expect(addressText('/ip4/10.0.0.1/udp/1/quic')).toBe('/ip4/10.0.0.1/udp/1/quic');
});

test('numbers are found in plain values, values with a unit, and JSON', () => {
  expect([...numericFields(' 21.5 ')]).toEqual([['', 21.5]]);
  expect([...numericFields('21.5 °C')]).toEqual([['', 21.5]]);
  expect([...numericFields('{"a":{"b":1,"on":true},"c":[2,"x"]}')]).toEqual([
    ['a.b', 1],
    ['a.on', 1],
    ['c.0', 2],
  ]);
  for (const text of ['', 'on', '{"a":', 'null', '12 monkeys in a tree', null])
    expect([...numericFields(text)]).toEqual([]);
});

test('the number of fields and their depth are limited', () => {
  const wide = JSON.stringify(Array.from({ length: 100 }, (_, n) => n));
  expect(numericFields(wide).size).toBe(24);
  expect(numericFields('{"a":{"a":{"a":{"a":{"a":1}}}}}').size).toBe(0);
});

test('a ring keeps the newest', () => {
  const ring = new RingBuffer<number>(3);
  expect(ring.newest()).toBeUndefined();
  for (const item of [1, 2, 3, 4, 5]) ring.push(item);
  expect([ring.toArray(), ring.newest(), ring.size]).toEqual([[3, 4, 5], 5, 3]);
  ring.clear();
  expect(ring.toArray()).toEqual([]);
});

test('a peer is in sync, or it is said what each lacks', () => {
  const channel = {
    channel: 'main',
    state: 'apart' as const,
    missingHere: 14,
    missingThere: null,
    givenUp: 2,
    inSyncAtMs: null,
  };
  expect(plain(syncWords([channel], 'syncing').word)).toBe('14 missing here, 2 lost');
  expect(syncWords([], 'in-sync')).toEqual({ tone: 'good', word: 'in sync' });
  expect(linkWords({ connected: true, health: 'stalled' } as never)).toEqual({
    tone: 'warn',
    word: 'silent',
  });
});

test('the life of a card is told after an hour of measuring', () => {
  const card = { measuredOverMs: 10_000, remainingSeconds: 86_400 } as never;
  expect(cardLifeText(card)).toBe('not known yet');
  expect(plain(cardLifeText({ measuredOverMs: 3_600_000, remainingSeconds: 86_400 } as never))).toBe('1 d');
});

test('names are listed up to three', () => {
  expect([listed(['a']), listed(['a', 'b']), listed(['a', 'b', 'c', 'd', 'e'])]).toEqual([
    'a',
    'a and b',
    'a, b, c and 2 more',
  ]);
});
