import { expect, it, vi } from 'vitest';
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
  const lot = new ParkingLot({ entriesPerAuthorMax: 2, waitMsMax: 3_600_000, bytesMax: 50 });
  expect(['1', '2', '3'].map((id) => lot.park(parked('a', id)))).toEqual([true, true, false]);
  expect(['1', '2'].map((id) => lot.park(parked('b', id, 15)))).toEqual([true, true]);
  expect(lot.park(parked('c', '1', 1))).toBe(false);
  expect(lot.authors()).toEqual(['a', 'b']);
  lot.take('a' as NodeId);
  expect(lot.park(parked('c', '1', 20))).toBe(true);
});

it('lets go of what waited for an hour, and has room again', () => {
  let passedMs = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + passedMs);
  const lot = new ParkingLot();
  for (let at = 0; at < 64; at++) lot.park(parked('a', String(at)));
  expect(lot.park(parked('a', 'more'))).toBe(false);
  passedMs = 3_600_000 + 60_000;
  lot.park(parked('b', 'young'));
  expect(lot.expire()).toBe(64);
  expect(lot.authors()).toEqual(['b']);
  expect(lot.park(parked('a', 'more'))).toBe(true);
  vi.restoreAllMocks();
});
