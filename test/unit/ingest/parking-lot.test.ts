import { expect, it } from 'vitest';
import type { Entry } from '../../../src/entry/index.ts';
import type { NodeId } from '../../../src/identity/index.ts';
import { ParkingLot } from '../../../src/ingest/index.ts';

const parked = (author: string, id: string, bytes = 10) => ({
  entry: { author, id, bytes: new Uint8Array(bytes) } as unknown as Entry,
  source: 'gossip' as const,
  ageMs: 0,
});

it('gives an author its entries in order of arrival, once', () => {
  const lot = new ParkingLot();
  for (const id of ['3', '1', '2', '1']) expect(lot.park(parked('a', id))).toBe(true);
  expect(lot.size).toBe(3);
  expect(lot.take('a' as NodeId).map(({ entry }) => entry.id)).toEqual(['3', '1', '2']);
  expect(lot.take('a' as NodeId)).toEqual([]);
  expect(lot.size).toBe(0);
});

it('takes so many entries of an author, and so many bytes of all', () => {
  const lot = new ParkingLot({ entriesPerAuthorMax: 2, bytesMax: 50 });
  expect(['1', '2', '3'].map((id) => lot.park(parked('a', id)))).toEqual([true, true, false]);
  expect(['1', '2'].map((id) => lot.park(parked('b', id, 15)))).toEqual([true, true]);
  expect(lot.park(parked('c', '1', 1))).toBe(false);
  expect(lot.authors()).toEqual(['a', 'b']);
  lot.take('a' as NodeId);
  expect(lot.park(parked('c', '1', 20))).toBe(true);
});
