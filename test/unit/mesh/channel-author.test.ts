import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Entry, EpochId } from '../../../src/entry/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import type { ChannelJournal, OwnLog } from '../../../src/journal/index.ts';
import { ChannelAuthor } from '../../../src/mesh/channel-author.ts';

/** An author with `left` numbers, more of which come when the test says so. */
function authorWith(left: number, whenDurable: () => Promise<void> = async () => {}) {
  const entries: Entry[] = [];
  const sent: Entry[] = [];
  const reserved = Promise.withResolvers<void>();
  let next = 1;
  let through = left;
  let begun = 0;
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
    journal: { whenDurable } as unknown as ChannelJournal,
    ownLog: ownLog as unknown as OwnLog,
    store: (entry) => {
      entries.push(entry);
      return {
        entry,
        position: entries.length,
        facts: { receivedAtMs: 0, ageMs: 0, source: 'own', verifiedBy: 'signature' },
      };
    },
    send: (entry) => sent.push(entry),
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
  const renew = () =>
    author.renew(async () => {
      begun++;
      ownLog.epoch = begun.toString(16).padStart(16, '0') as EpochId;
      next = 1;
    });
  return { author, publish, refill, payloads, entries, sent, renew };
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

it('puts nothing into an epoch that it leaves, not even what waits for numbers', async () => {
  const { publish, refill, payloads, entries, renew } = authorWith(5);
  const waiting = Array.from({ length: 10 }, (_, n) => publish(n));
  await turn();
  const renewed = renew();
  refill();
  await Promise.all([renewed, ...waiting]);
  expect(payloads()).toEqual(Array.from({ length: 10 }, (_, n) => n));
  expect(entries.map(({ epoch, seq, prev }) => [epoch, seq, prev])).toEqual([['0000000000000001', 1, null]]);
});

it('begins one epoch, however often it is asked while that is under way', async () => {
  const { publish, entries, renew } = authorWith(1_000);
  await publish(1);
  await Promise.all([renew(), renew(), publish(2), renew()]);
  await renew();
  await publish(3);
  expect(entries.map(({ epoch, prev }) => [epoch, prev === null])).toEqual([
    ['00000000000000aa', true],
    ['0000000000000001', true],
    ['0000000000000002', true],
  ]);
});

it.each([
  ['a publish id', { publishId: { producer: 'p', n: 1 } }],
  ['what was published again', { was: { epoch: '00000000000000bb' as EpochId, seq: 3 } }],
])(
  'lets nobody hear of %s before it is durable: after a crash it is published once more',
  async (_, keys) => {
    const durable = Promise.withResolvers<void>();
    const { author, sent, publish } = authorWith(1_000, () => durable.promise);
    const wish = { ack: 'accepted' } as Parameters<typeof author.publish>[2];
    await author.publish({ topic: 't', payload: new Uint8Array(), timeMs: 0, ...keys }, 0, wish);
    await publish(1);
    expect(sent.map(({ seq }) => seq)).toEqual([2]);
    durable.resolve();
    await turn();
    expect(sent.map(({ seq }) => seq)).toEqual([2, 1]);
  },
);
