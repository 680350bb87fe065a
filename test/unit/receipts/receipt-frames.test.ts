import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeCbor, encodeCbor, fromHex, toHex } from '../../../src/bytes/index.ts';
import type { LogId } from '../../../src/entry/index.ts';
import { nodeIdOf } from '../../../src/identity/index.ts';
import {
  heldItems,
  heldWantedItems,
  readHeld,
  readHeldWanted,
} from '../../../src/receipts/receipt-frames.ts';

const log = `${nodeIdOf(new Uint8Array(32).fill(7))}/0011223344556677` as LogId;
const WANTED = { channel: 'main', log, through: 2 ** 33 };
const HELD = {
  channel: 'main',
  log,
  ranges: [
    { first: 1, last: 9 },
    { first: 11, last: 2 ** 33 },
  ],
};
const VECTORS = JSON.parse(
  readFileSync(new URL('../../vectors/sync/receipt-frames.json', import.meta.url), 'utf8'),
) as Record<string, string>;

const items = (hex: string): readonly unknown[] => {
  const decoded = decodeCbor(fromHex(hex)!);
  return decoded.ok ? (decoded.value as unknown[]) : [];
};

describe('the frames of receipts', () => {
  it('are byte for byte those of the vectors', () => {
    expect(toHex(encodeCbor(heldWantedItems(WANTED)))).toBe(VECTORS.heldWanted);
    expect(toHex(encodeCbor(heldItems(HELD)))).toBe(VECTORS.held);
    expect(toHex(encodeCbor(heldItems({ ...HELD, ranges: [] })))).toBe(VECTORS.heldNothing);
  });

  it('are read as they were written', () => {
    expect(readHeldWanted(items(VECTORS.heldWanted!))).toEqual(WANTED);
    expect(readHeld(items(VECTORS.held!))).toEqual(HELD);
    expect(readHeld(items(VECTORS.heldNothing!))).toEqual({ ...HELD, ranges: [] });
  });

  it.each([
    ['no author', [5, 'main', new Uint8Array(31), new Uint8Array(8), []]],
    ['no epoch', [5, 'main', new Uint8Array(32), 'x', []]],
    ['an empty channel', [5, '', new Uint8Array(32), new Uint8Array(8), []]],
    ['half a range', [5, 'main', new Uint8Array(32), new Uint8Array(8), [1]]],
    ['a range that goes back', [5, 'main', new Uint8Array(32), new Uint8Array(8), [3, 2]]],
    ['ranges that overlap', [5, 'main', new Uint8Array(32), new Uint8Array(8), [1, 4, 4, 5]]],
    ['an absurd number', [5, 'main', new Uint8Array(32), new Uint8Array(8), [1, 2 ** 50]]],
    [
      'too many ranges',
      [5, 'main', new Uint8Array(32), new Uint8Array(8), Array.from({ length: 130 }, (_, n) => n * 2 + 1)],
    ],
    ['nothing at all', [5]],
  ])('with %s are refused', (_, frame) => {
    expect(readHeld(frame)).toBeNull();
    expect(readHeldWanted([4, ...frame.slice(1, 4), 0])).toBeNull();
  });
});
