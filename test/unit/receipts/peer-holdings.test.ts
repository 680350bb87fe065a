import { describe, expect, it } from 'vitest';
import type { LogId } from '../../../src/entry/index.ts';
import { type NodeId, nodeIdOf } from '../../../src/identity/index.ts';
import { MemoryDisk } from '../../../src/journal/index.ts';
import { HoldingsFile, PeerHoldings } from '../../../src/receipts/index.ts';

const GOLDEN =
  '73656467656375720001000000000085f348e6ba845820010101010101010101010101010101010101010101010101010101010101010' +
  '1488899aabbccddeeff8184646d61696e50000000000000000000000000000000001b0000000200000000058186646d61696e58200707' +
  '0707070707070707070707070707070707070707070707070707070707074800112233445566770600820109';

const peer = (name: string) => name as unknown as NodeId;
const log = (name: string) => ({ channel: 'main', log: `${name}/00` as LogId });
const holding = (first: number, last: number, asOfMs = 1) =>
  ({ ranges: [{ first, last }], asOfMs, source: 'heads' }) as const;

describe('what peers are known to hold', () => {
  it('is bounded in peers and in logs of each; the oldest is forgotten first', () => {
    const holdings = new PeerHoldings({ peersMax: 2, logsPerPeerMax: 2 });
    for (const name of ['a', 'b', 'c']) holdings.note(peer('p1'), log(name), holding(1, 1));
    expect(holdings.of(peer('p1'), log('a'))).toBeNull();
    expect(holdings.of(peer('p1'), log('c'))).not.toBeNull();
    holdings.note(peer('p2'), log('a'), holding(1, 1));
    holdings.note(peer('p1'), log('c'), holding(1, 2));
    holdings.note(peer('p3'), log('a'), holding(1, 1));
    expect([...holdings.peers()]).toEqual(['p1', 'p3']);
  });

  it('counts as held elsewhere only where one node that counts has all of it', () => {
    const holdings = new PeerHoldings();
    holdings.note(peer('p1'), log('a'), holding(1, 5));
    holdings.note(peer('p2'), log('a'), holding(6, 9));
    const anybody = () => true;
    expect(holdings.isHeldElsewhere(log('a'), { first: 2, last: 5 }, anybody)).toBe(true);
    expect(holdings.isHeldElsewhere(log('a'), { first: 5, last: 6 }, anybody)).toBe(false);
    expect(holdings.isHeldElsewhere(log('a'), { first: 2, last: 5 }, (node) => node !== peer('p1'))).toBe(
      false,
    );
  });

  it('is worth nothing once a peer comes back with another store', () => {
    const holdings = new PeerHoldings();
    holdings.noteStore(peer('p1'), '00');
    holdings.note(peer('p1'), log('a'), holding(1, 5));
    holdings.noteStore(peer('p1'), '00');
    expect(holdings.of(peer('p1'), log('a'))).not.toBeNull();
    holdings.noteStore(peer('p1'), '01');
    expect(holdings.of(peer('p1'), log('a'))).toBeNull();
  });

  it('is kept over a stop, as described, once, and is nothing after a crash', async () => {
    const disk = new MemoryDisk();
    const key = (byte: number) => nodeIdOf(new Uint8Array(32).fill(byte));
    const of = { channel: 'main', log: `${key(7)}/0011223344556677` as LogId };
    const kept = new PeerHoldings();
    await new HoldingsFile(disk, '/node').load(kept);
    kept.noteStore(key(1), '8899aabbccddeeff');
    kept.noteInSync(key(1), 'main', { root: '00'.repeat(16), position: 2 ** 33, asOfMs: 5 });
    kept.note(key(1), of, { ranges: [{ first: 1, last: 9 }], asOfMs: 6, source: 'receipt' });
    // A stranger by bundle alone has no store that could be told from another.
    kept.note(key(2), of, holding(1, 1));
    const file = new HoldingsFile(disk, '/node');
    await file.load(new PeerHoldings());
    await file.save(kept);
    const hex = Buffer.from(disk.file('/node/peer-holdings').contents()).toString('hex');
    expect(hex).toBe(GOLDEN);
    const found = new PeerHoldings();
    await new HoldingsFile(disk, '/node').load(found);
    expect([...found.peers()]).toEqual([key(1)]);
    expect(found.storeOf(key(1))).toBe('8899aabbccddeeff');
    expect(found.inSync(key(1), 'main')).toEqual({ root: '00'.repeat(16), position: 2 ** 33, asOfMs: 5 });
    expect(found.of(key(1), of)).toEqual({ ranges: [{ first: 1, last: 9 }], asOfMs: 6, source: 'receipt' });
    // The process dies without a stop.
    const after = new PeerHoldings();
    await new HoldingsFile(disk, '/node').load(after);
    expect([...after.peers()]).toEqual([]);
  });
});
