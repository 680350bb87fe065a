import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/bytes/index.ts';
import type { EntryId, LogId } from '../../../src/entry/index.ts';
import { nodeIdOf } from '../../../src/identity/index.ts';
import {
  type ControlFrame,
  type DataFrame,
  decodeControlFrame,
  decodeDataFrame,
  encodeControlFrame,
  encodeDataFrame,
} from '../../../src/sync/sync-frames.ts';

const LOG = `${nodeIdOf(new Uint8Array(32).fill(7))}/0011223344556677` as LogId;
const OFFSET = { incarnation: '8899aabbccddeeff', position: 2 ** 40 };
const ROOT = '000102030405060708090a0b0c0d0e0f';

const CONTROL: Readonly<Record<string, Exclude<ControlFrame, { kind: 'unknown' }>>> = {
  grant: { kind: 'grant', version: 1, chain: [Uint8Array.of(1, 2, 3), Uint8Array.of(4)] },
  hello: {
    kind: 'hello',
    storeId: 'ffeeddccbbaa9988',
    channels: [
      { channel: '$realm', root: ROOT, offset: OFFSET, seen: null },
      { channel: 'main', root: ROOT, offset: null, seen: OFFSET },
    ],
  },
  headsWantedAll: { kind: 'heads-wanted', channel: 'main', since: null },
  headsWantedSince: { kind: 'heads-wanted', channel: 'main', since: OFFSET },
  heads: {
    kind: 'heads',
    channel: 'main',
    root: ROOT,
    final: true,
    complete: true,
    offset: OFFSET,
    heads: [
      {
        log: LOG,
        last: 2 ** 33,
        lastId: ROOT as EntryId,
        holes: [
          { first: 2, last: 3 },
          { first: 9, last: 2 ** 32 },
        ],
      },
    ],
  },
  reconcile: {
    kind: 'reconcile',
    channel: 'main',
    step: 0,
    more: true,
    base: { root: ROOT, offset: OFFSET },
    from: '',
    items: [
      { to: '0707', kind: 'same' },
      { to: '0708', kind: 'fingerprint', fingerprint: ROOT },
      { to: '0a', kind: 'heads', answer: true, heads: [] },
    ],
  },
  reconcileAnswer: {
    kind: 'reconcile',
    channel: 'main',
    step: 3,
    more: false,
    base: null,
    from: '0707',
    items: [
      {
        to: null,
        kind: 'heads',
        answer: false,
        heads: [{ log: LOG, last: 3, lastId: ROOT as EntryId, holes: [{ first: 1, last: 2 }] }],
      },
    ],
  },
};

const DATA: Readonly<Record<string, Exclude<DataFrame, { kind: 'unknown' }>>> = {
  request: {
    kind: 'request',
    channel: 'main',
    credit: 262_144,
    logs: [
      {
        log: LOG,
        ranges: [
          { first: 1, last: 256 },
          { first: 300, last: 2 ** 33 },
        ],
      },
    ],
  },
  credit: { kind: 'credit', credit: 65_536 },
  entries: { kind: 'entries', entries: [{ ageMs: 2 ** 33, bytes: Uint8Array.of(0xd2, 0x84) }] },
  done: { kind: 'done', withheld: [] },
  doneButForSome: { kind: 'done', withheld: [{ log: LOG, ranges: [{ first: 3, last: 2 ** 33 }] }] },
};

const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/sync/frames.json', import.meta.url), 'utf8'),
) as Record<'control' | 'data', Record<string, string>>;

it.each(Object.entries(CONTROL))('the control frame %s has its golden bytes', (name, frame) => {
  expect(toHex(encodeControlFrame(frame))).toBe(vectors.control[name]);
  expect(plain(decodeControlFrame(fromHex(vectors.control[name]!)!))).toEqual({
    ok: true,
    value: plain(frame),
  });
});

it.each(Object.entries(DATA))('the data frame %s has its golden bytes', (name, frame) => {
  expect(toHex(encodeDataFrame(frame))).toBe(vectors.data[name]);
  expect(plain(decodeDataFrame(fromHex(vectors.data[name]!)!))).toEqual({ ok: true, value: plain(frame) });
});

it('a control frame of a type to come is kept for who knows it', () => {
  expect(decodeControlFrame(Uint8Array.of(0x82, 0x18, 0x63, 0x01))).toEqual({
    ok: true,
    value: { kind: 'unknown', type: 99, items: [99, 1] },
  });
});

it('a data frame of a type to come is passed over', () => {
  expect(decodeDataFrame(Uint8Array.of(0x82, 0x18, 0x63, 0x01))).toEqual({
    ok: true,
    value: { kind: 'unknown' },
  });
});

/** Byte strings are compared as hexadecimal: decoded ones are views. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, one) => (isBytes(one) ? toHex(Uint8Array.from(one.data)) : hexOf(one))),
  );
}

function hexOf(one: unknown): unknown {
  return one instanceof Uint8Array ? toHex(one) : one;
}

function isBytes(one: unknown): one is { readonly data: readonly number[] } {
  return typeof one === 'object' && one !== null && (one as { type?: string }).type === 'Buffer';
}
