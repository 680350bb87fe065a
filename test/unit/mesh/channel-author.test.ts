import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Entry, EpochId } from '../../../src/entry/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import type { ChannelJournal, OwnLog } from '../../../src/journal/index.ts';
import { ChannelAuthor } from '../../../src/mesh/channel-author.ts';

/** An author with `left` numbers, more of which come when the test says so. */
function authorWith(left: number) {
  const entries: Entry[] = [];
  const reserved = Promise.withResolvers<void>();
  let next = 1;
  let through = left;
  const ownLog = {
    epoch: '00000000000000aa' as EpochId,
    take: (count: number) => {
      if (next + count - 1 > through) return null;
      const taken = { epoch: ownLog.epoch, seq: next, count, skip: 0, lamport: next };
      next += count;
      return taken;
    },
    ensureReserved: () => reserved.promise,
    giveBack: () => {},
  };
  const author = new ChannelAuthor('main', null, {
    identity: Identity.generate(),
    externalAad: new Uint8Array([1]),
    journal: { whenDurable: async () => {} } as unknown as ChannelJournal,
    ownLog: ownLog as unknown as OwnLog,
    store: (entry) => {
      entries.push(entry);
      return {
        entry,
        position: entries.length,
        facts: { receivedAtMs: 0, ageMs: 0, source: 'own', verifiedBy: 'signature' },
      };
    },
    send: () => {},
    whenRoom: () => null,
    nowMs: () => 0,
    whenHeld: async () => 0,
  });
  const wish = { ack: 'accepted', replicasTimeoutMs: 1 } as const;
  const publish = (n: number, ttlSeconds = 0) =>
    author.publish({ topic: 't', payload: Buffer.from(String(n)), timeMs: 0 }, ttlSeconds, wish);
  const refill = () => {
    through += 1_000;
    reserved.resolve();
  };
  const payloads = () =>
    entries.flatMap(({ messages }) => messages!.map(({ payload }) => Number(Buffer.from(payload))));
  return { publish, refill, payloads, entries };
}

it('lets nothing overtake an entry that waits for its numbers', async () => {
  const { publish, refill, payloads } = authorWith(5);
  const first = Array.from({ length: 10 }, (_, n) => publish(n));
  await turn();
  const second = publish(10);
  for (let n = 0; n < 5; n++) await turn();
  expect(payloads()).toEqual([]);
  refill();
  await Promise.all([...first, second]);
  expect(payloads()).toEqual(Array.from({ length: 11 }, (_, n) => n));
});

it('puts what waits into one entry, up to 256 messages of one lifetime', async () => {
  const { publish, entries } = authorWith(1_000);
  await Promise.all([
    ...Array.from({ length: 300 }, (_, n) => publish(n)),
    publish(300, 5),
    publish(301, 5),
    publish(302),
  ]);
  expect(entries.map(({ count, ttlSeconds }) => [count, ttlSeconds])).toEqual([
    [256, 0],
    [44, 0],
    [2, 5],
    [1, 0],
  ]);
});

it('chains its entries', async () => {
  const { publish, entries } = authorWith(1_000);
  for (let n = 0; n < 3; n++) await publish(n);
  expect(entries.map(({ prev }) => prev)).toEqual([null, entries[0]!.id, entries[1]!.id]);
});
