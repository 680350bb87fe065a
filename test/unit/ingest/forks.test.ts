import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Entry,
  type EntryId,
  type EpochId,
  lastSeqOf,
  logIdOf,
  sealEntry,
} from '../../../src/entry/index.ts';
import type { Identity } from '../../../src/identity/index.ts';
import { type ForkProof, proofOfVouching } from '../../../src/ingest/fork-proof.ts';
import { cutForkProof, encodeForkProof, type ForkEvent } from '../../../src/ingest/index.ts';
import { seededRandom } from '../journal/journal-world.ts';
import { IngestWorld, withBadSignature } from './ingest-world.ts';

const EPOCH = '00000000000000aa' as EpochId;
const GOSSIP = { source: 'gossip', ageMs: 0 } as const;

interface Draft {
  readonly seq: number;
  readonly count?: number;
  readonly skip?: number;
  readonly prev?: EntryId | null;
  readonly text?: string;
}

function sealed(
  world: IngestWorld,
  author: Identity,
  { seq, count = 1, skip = 0, prev = null, text = '' }: Draft,
): Entry {
  const messages = Array.from({ length: count }, (_, index) => ({
    topic: 't',
    payload: Buffer.from(`${seq + index} ${text}`),
    timeMs: 1,
  }));
  const header = { channel: 'main', epoch: EPOCH, seq, skip, prev, lamport: seq, timeMs: 1, ttlSeconds: 0 };
  return sealEntry({ ...header, messages }, author, world.realm.entryAad());
}

async function offered(world: IngestWorld, entries: readonly Entry[]): Promise<string[]> {
  const verdicts: string[] = [];
  for (const entry of entries) {
    const verdict = await world.ingest.offer(entry.bytes, GOSSIP);
    verdicts.push(verdict.kind === 'refused' ? verdict.code : verdict.kind);
  }
  await world.ingest.forks.settle();
  return verdicts;
}

const endsOf = (world: IngestWorld) => world.ingest.forks.forks().map(({ end }) => end);

describe('two entries of a log that exclude each other', () => {
  let world: IngestWorld;
  let author: Identity;
  let events: ForkEvent[];

  beforeEach(async () => {
    world = new IngestWorld();
    await world.journal.start();
    author = world.author();
    events = [];
    world.ingest.forks.onFork((event) => events.push(event));
  });

  const held = (entry: Entry) =>
    world.journal.heldRanges(logIdOf(entry)).map(({ first, last }) => [first, last]);

  it('end the epoch at the lower one, and nothing behind it is taken', async () => {
    const [one, two, three] = world.chain(author, 3);
    const other = sealed(world, author, { seq: 2, prev: one!.id, text: 'other' });
    expect([
      ...(await offered(world, [one!, two!, three!, other])),
      ...(await offered(world, [three!])),
    ]).toEqual(['stored', 'stored', 'stored', 'entry.forked', 'entry.after-end']);
    expect(held(one!)).toEqual([[1, 1]]);
    expect(events).toMatchObject([
      { origin: 'found', fork: { end: 2, kind: 'overlap', author: author.nodeId } },
    ]);
  });

  it('are found where one overlaps another in part', async () => {
    const wide = sealed(world, author, { seq: 1, count: 10 });
    const narrow = sealed(world, author, { seq: 5, count: 2, prev: wide.id });
    await offered(world, [wide, narrow]);
    expect(endsOf(world)).toEqual([1]);
    expect(held(wide)).toEqual([]);
  });

  it('are found where an entry names another one than the one before it', async () => {
    const chain = world.chain(author, 2);
    const foreign = sealed(world, author, { seq: 3, prev: '11'.repeat(16) as EntryId });
    expect(await offered(world, [...chain, foreign])).toEqual(['stored', 'stored', 'entry.forked']);
    expect(events).toMatchObject([{ fork: { end: 2, kind: 'broken-chain' } }]);
  });

  it('are found when a hole between them closes', async () => {
    const [one, two, three] = world.chain(author, 3);
    const other = sealed(world, author, { seq: 2, prev: one!.id, text: 'other' });
    expect(await offered(world, [one!, three!, other])).toEqual(['stored', 'stored', 'stored']);
    expect(events).toMatchObject([{ fork: { end: 2, kind: 'broken-chain' } }]);
    expect(held(two!)).toEqual([[1, 1]]);
  });

  it('are found over numbers that were skipped', async () => {
    const [one, two] = world.chain(author, 2);
    const jump = sealed(world, author, { seq: 100, skip: 97, prev: two!.id });
    const other = sealed(world, author, { seq: 2, prev: one!.id, text: 'other' });
    await offered(world, [one!, jump, other]);
    expect(events).toMatchObject([{ fork: { end: 2 } }]);
  });

  it('are found where an entry claims to follow the middle of another', async () => {
    const wide = sealed(world, author, { seq: 1, count: 10 });
    const jump = sealed(world, author, { seq: 100, skip: 95, prev: '11'.repeat(16) as EntryId });
    await offered(world, [wide, jump]);
    expect(events).toMatchObject([{ fork: { end: 1, kind: 'broken-chain' } }]);
  });

  it('count only if both signatures are good', async () => {
    const [one] = world.chain(author, 1);
    const forged = withBadSignature(sealed(world, author, { seq: 1, text: 'forged' }));
    const later = withBadSignature(sealed(world, author, { seq: 2, prev: '11'.repeat(16) as EntryId }));
    expect(await offered(world, [one!, forged, later])).toEqual([
      'stored',
      'entry.bad-signature',
      'entry.bad-signature',
    ]);
    expect(events).toEqual([]);
  });

  it('are found in a run that one signature proves, whose rest is then refused', async () => {
    const ours = world.chain(author, 5);
    await offered(world, ours);
    const theirs = [sealed(world, author, { seq: 6, prev: '11'.repeat(16) as EntryId })];
    theirs.push(sealed(world, author, { seq: 7, prev: theirs[0]!.id }));
    const verdicts = await world.ingest.offerRun(
      theirs.map((entry) => ({ entry, ageMs: 0 })),
      'sync',
    );
    expect(verdicts).toMatchObject([{ code: 'entry.forked' }, { code: 'entry.after-end' }]);
    expect(endsOf(world)).toEqual([5]);
  });

  it('are found where an entry that was taken by chain turns out not to be signed', async () => {
    const [one] = world.chain(author, 1);
    const bad = withBadSignature(sealed(world, author, { seq: 2, prev: one!.id }));
    const naming = sealed(world, author, { seq: 3, prev: bad.id });
    await world.ingest.offerRun(
      [one!, bad, naming].map((entry) => ({ entry, ageMs: 0 })),
      'sync',
    );
    expect(held(one!)).toEqual([[1, 3]]);
    const [record] = await world.journal.readLog(logIdOf(bad), 2);
    world.ingest.forks.vouched('main', record!);
    await world.ingest.forks.settle();
    expect(events).toMatchObject([{ fork: { kind: 'bad-signature', end: 2 } }]);
    expect(held(one!)).toEqual([[1, 1]]);
  });

  it('leave other epochs and authors alone', async () => {
    const [one] = world.chain(author, 1);
    await offered(world, [one!, sealed(world, author, { seq: 1, text: 'other' })]);
    const next = world.chain(author, 3, { epoch: '00000000000000bb' });
    const others = world.chain(world.author(), 3);
    expect(await offered(world, [...next, ...others])).toEqual(Array(6).fill('stored'));
  });

  describe('as a proof that travels', () => {
    let elsewhere: IngestWorld;
    let proof: ForkProof;
    const from = { reporter: 'reporter' as never, receivedAtMs: 5 };

    beforeEach(async () => {
      elsewhere = world;
      const [one, two] = elsewhere.chain(author, 2);
      await offered(elsewhere, [one!, two!, sealed(elsewhere, author, { seq: 2, prev: one!.id, text: 'x' })]);
      proof = events[0]!.proof;
      world = elsewhere.twin();
      await world.journal.start();
      world.ingest.forks.onFork((event) => events.push(event));
      events = [];
    });

    const tell = async (payload: Uint8Array) => {
      world.ingest.forks.offer(payload, from);
      await world.ingest.forks.settle();
    };

    it('ends the epoch on a node that saw one of the two, or none', async () => {
      await offered(world, world.chain(author, 4));
      await tell(encodeForkProof(proof));
      expect(held(proof.entries[0])).toEqual([[1, 1]]);
      expect(events).toMatchObject([
        { origin: 'told', fork: { end: 2, reporter: 'reporter', foundAtMs: 5 } },
      ]);
      expect(world.journal.root()).toEqual(elsewhere.journal.root());
    });

    it('is the same bytes whoever finds it, and a repetition is no news', async () => {
      const [one, two] = world.chain(author, 2);
      const other = sealed(world, author, { seq: 2, prev: one!.id, text: 'x' });
      await offered(world, [one!, other, two!]);
      expect(encodeForkProof(events[0]!.proof)).toEqual(encodeForkProof(proof));
      await tell(encodeForkProof(proof));
      expect(events).toHaveLength(1);
    });

    it('shows a lower end where what is held excludes one of the two', async () => {
      await offered(world, [sealed(world, author, { seq: 1, count: 3, text: 'wide' })]);
      await tell(encodeForkProof(proof));
      expect(endsOf(world)).toEqual([1]);
      expect(events.map(({ origin }) => origin)).toEqual(['told', 'found']);
    });

    it('waits for the grant of its author', async () => {
      const stranger = world.author(false);
      const pair = [1, 2].map((text) => sealed(world, stranger, { seq: 1, text: String(text) }));
      await tell(encodeForkProof({ kind: 'overlap', entries: [pair[0]!, pair[1]!], end: 1 }));
      expect(events).toEqual([]);
      world.grant(stranger);
      world.ingest.releaseParked();
      expect(events).toMatchObject([{ fork: { author: stranger.nodeId, end: 1 } }]);
    });

    it.each([
      ['bytes', () => new Uint8Array([1, 2, 3]), 'fork.malformed'],
      ['one entry twice', () => pairOf(proof.entries[0], proof.entries[0]), 'fork.unproven'],
      ['neighbours', () => pairOf(...(world.chain(author, 2) as [Entry, Entry])), 'fork.unproven'],
      ['a forged entry', () => pairOf(proof.entries[0], withBadSignature(proof.entries[1])), 'fork.unproven'],
      [
        'entries of two authors',
        () => pairOf(proof.entries[0], world.chain(world.author(), 1)[0]!),
        'fork.unproven',
      ],
      [
        'entries of another realm',
        () => {
          const other = new IngestWorld();
          return pairOf(sealed(other, author, { seq: 1 }), sealed(other, author, { seq: 1, text: 'x' }));
        },
        'fork.unproven',
      ],
    ] as const)('is not believed if it holds %s', async (_, make, code) => {
      await tell(make());
      expect(events).toEqual([]);
      expect(world.counters.get(code)).toBe(1);
    });

    function pairOf(a: Entry, b: Entry): Uint8Array {
      return encodeForkProof({ kind: 'overlap', entries: [a, b], end: 1 });
    }

    it('is believed where an author vouches for an entry with a bad signature', async () => {
      const bad = withBadSignature(world.chain(author, 1)[0]!);
      const naming = sealed(world, author, { seq: 2, prev: bad.id });
      await tell(encodeForkProof(proofOfVouching(bad, naming)!));
      expect(events).toMatchObject([{ fork: { kind: 'bad-signature', end: 1 } }]);
    });

    it('comes in parts where its entries are large, in any order', async () => {
      const text = 'x'.repeat(1_000_000);
      const pair = [1, 2].map((n) => sealed(world, author, { seq: 1, text: text + n }));
      const parts = cutForkProof(encodeForkProof({ kind: 'overlap', entries: [pair[0]!, pair[1]!], end: 1 }));
      expect(parts.length).toBe(4);
      for (const part of parts.toReversed()) await tell(part);
      expect(events).toMatchObject([{ fork: { end: 1 } }]);
      expect(world.counters.snapshot()).toEqual({});
    });

    it('is bounded: unfinished parts give way, and an author has only so many forked logs', async () => {
      const large = (n: number) => {
        const text = 'x'.repeat(600_000) + n;
        const pair = [1, 2].map((at) =>
          sealed(world, author, {
            seq: n,
            prev: n === 1 ? null : ('11'.repeat(16) as EntryId),
            text: text + at,
          }),
        );
        return cutForkProof(encodeForkProof({ kind: 'overlap', entries: [pair[0]!, pair[1]!], end: n }));
      };
      for (let n = 1; n <= 6; n++) await tell(large(n)[0]!);
      expect(world.counters.get('fork.too-many')).toBe(2);
      for (let n = 0; n < 257; n++) {
        const epoch = n.toString(16).padStart(16, '0') as EpochId;
        const [entry] = world.chain(author, 1, { epoch });
        const header = {
          channel: 'main',
          epoch,
          seq: 1,
          skip: 0,
          prev: null,
          lamport: 1,
          timeMs: 1,
          ttlSeconds: 0,
        };
        const messages = [{ topic: 't', payload: new Uint8Array(), timeMs: 1 }];
        const other = sealEntry({ ...header, messages }, author, world.realm.entryAad());
        await tell(pairOf(entry!, other));
      }
      expect(world.ingest.forks.forks()).toHaveLength(256);
      expect(world.counters.get('fork.too-many')).toBe(3);
    });
  });
});

/** An author over crashes: it skips what it may have used, and names the last entry that it still has. */
function honestEntries(world: IngestWorld, author: Identity, random: () => number): Entry[] {
  const upTo = (n: number) => Math.floor(random() * n);
  let has: Entry[] = [];
  const all: Entry[] = [];
  let next = 1;
  for (let life = 0; life < 5; life++) {
    // A lost tail, some of which comes back from others.
    const lost = has.slice(has.length - upTo(4));
    has = has.slice(0, has.length - lost.length);
    has.push(...lost.slice(0, upTo(lost.length + 1)));
    const last = has.at(-1) === undefined ? 0 : lastSeqOf(has.at(-1)!);
    let skip = next - 1 - last;
    for (let entries = upTo(6); entries > 0; entries--) {
      const count = 1 + upTo(3);
      const entry = sealed(world, author, { seq: next, count, skip, prev: has.at(-1)?.id ?? null });
      all.push(entry);
      has.push(entry);
      next += count;
      skip = 0;
    }
    next += upTo(10);
    // Learned back after the next one was written: they lie below, and change nothing for the author.
  }
  return all;
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

describe('in any order of arrival', () => {
  const SEED = Math.floor(Math.random() * 2 ** 31);

  it('an honest author is never taken for a forked one, whatever it lost and skipped', async () => {
    console.log(`seed ${SEED}`);
    const random = seededRandom(SEED);
    for (let round = 0; round < 60; round++) {
      const world = new IngestWorld();
      await world.journal.start();
      const author = world.author();
      const entries = honestEntries(world, author, random);
      const arriving = shuffled([...entries, ...entries.slice(0, 3)], random);
      for (const entry of arriving) await world.ingest.offer(entry.bytes, GOSSIP);
      await world.ingest.forks.settle();
      expect(world.ingest.forks.forks(), `round ${round}`).toEqual([]);
      expect(world.journal.totals().entries).toBe(entries.length);
    }
  });

  it('all nodes end a forked epoch alike once they told each other their proofs', async () => {
    console.log(`seed ${SEED}`);
    const random = seededRandom(SEED);
    for (let round = 0; round < 60; round++) {
      const worlds = [new IngestWorld()];
      for (let n = 0; n < 2; n++) worlds.push(worlds[0]!.twin());
      const author = worlds[0]!.author();
      const proofs: ForkProof[] = [];
      for (const world of worlds) {
        await world.journal.start();
        world.grant(author);
        world.ingest.forks.onFork(({ proof }) => proofs.push(proof));
      }
      const common = worlds[0]!.chain(author, 3);
      const branches = [0, 1, 2].map((n) => branchOf(worlds[0]!, author, common.at(-1)!, String(n), random));
      for (const world of worlds) {
        const some = [...common, ...branches.flat().filter(() => random() < 0.7)];
        await offered(world, shuffled(some, random));
      }
      for (let again = 0; again < proofs.length; again++) {
        for (const world of worlds) {
          world.ingest.forks.offer(encodeForkProof(proofs[again]!), {
            reporter: 'r' as never,
            receivedAtMs: 0,
          });
          await world.ingest.forks.settle();
        }
      }
      const [first, ...others] = worlds.map(endsOf);
      for (const other of others) expect(other, `round ${round}`).toEqual(first);
      for (const end of first!) expect(end).toBeGreaterThan(1);
    }
  });

  function branchOf(
    world: IngestWorld,
    author: Identity,
    after: Entry,
    text: string,
    random: () => number,
  ): Entry[] {
    const entries: Entry[] = [];
    for (let n = 0; n < 6; n++) {
      const before = entries.at(-1) ?? after;
      const count = 1 + Math.floor(random() * 3);
      entries.push(sealed(world, author, { seq: lastSeqOf(before) + 1, count, prev: before.id, text }));
    }
    return entries;
  }
});
