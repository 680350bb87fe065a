import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeEntry, type Entry, sealEntry } from '../../../src/entry/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import { proveRun, type RunItem, runsOf } from '../../../src/ingest/index.ts';
import { IngestWorld, withBadSignature } from './ingest-world.ts';

const aged = (entries: readonly Entry[]): RunItem[] => entries.map((entry) => ({ entry, ageMs: 7 }));

describe('a run of entries', () => {
  let world: IngestWorld;
  let alice: Identity;

  beforeEach(async () => {
    world = new IngestWorld();
    alice = world.author();
    await world.journal.start();
  });

  afterEach(() => world.journal.stop());

  const offer = async (entries: readonly Entry[]) =>
    (await world.ingest.offerRun(aged(entries), 'sync')).map((verdict) =>
      verdict.kind === 'refused' ? verdict.code : verdict.kind,
    );

  it('costs one signature check where it is chained', async () => {
    const run = world.chain(alice, 300);
    let checks = 0;
    const proofs = await proveRun(run, () => ++checks > 0);
    expect(checks).toBe(1);
    expect(proofs.filter((proof) => proof === 'chain')).toHaveLength(299);
    expect(proofs.at(-1)).toBe('signature');
  });

  it('is stored in order, with how each entry was verified', async () => {
    const run = world.chain(alice, 200);
    expect(new Set(await offer(run))).toEqual(new Set(['stored']));
    const records = await world.journal.readArrival(1, { recordsMax: 1_000 });
    expect(records.map(({ seq }) => seq)).toEqual(run.map(({ seq }) => seq));
    expect(records.map(({ facts }) => facts.verifiedBy).lastIndexOf('chain')).toBe(198);
    expect(records.at(-1)?.facts).toMatchObject({ verifiedBy: 'signature', source: 'sync', ageMs: 7 });
  });

  it('loses what is corrupt in the middle under a valid last entry, and nothing else', async () => {
    const run = world.chain(alice, 9);
    run[4] = withBadSignature(run[4]!);
    expect(await offer(run)).toEqual([
      ...['stored', 'stored', 'stored', 'stored'],
      'entry.bad-signature',
      ...['stored', 'stored', 'stored', 'stored'],
    ]);
    expect(world.counters.get('entry.bad-signature')).toBe(1);
    expect(world.journal.missing(`${alice.nodeId}/${run[0]!.epoch}` as never)).toEqual([
      { first: 5, last: 5 },
    ]);
  });

  it('is refused whole where no signature in it is good', async () => {
    const run = world.chain(alice, 5).map(withBadSignature);
    expect(new Set(await offer(run))).toEqual(new Set(['entry.bad-signature']));
  });

  it('takes what a valid entry names, even if its own signature is bad', async () => {
    const [first] = world.chain(alice, 1).map(withBadSignature);
    const [second] = world.chain(alice, 1, { first: 2, prev: first!.id });
    expect(await offer([first!, second!])).toEqual(['stored', 'stored']);
  });

  it('does not let an author vouch for another, another log or a later number', async () => {
    const bob = world.author();
    const forged = withBadSignature(world.chain(bob, 1)[0]!);
    const vouching = sealEntry(
      {
        ...{ channel: 'main', epoch: forged.epoch, seq: 2, skip: 0, prev: forged.id, lamport: 1, timeMs: 1 },
        ttlSeconds: 0,
        messages: [{ topic: 't', payload: Buffer.from('x'), timeMs: 1 }],
      },
      alice,
      world.realm.entryAad(),
    );
    const proofs = await proveRun([forged, vouching], (entry) => entry === vouching);
    expect(proofs).toEqual(['none', 'signature']);
    const otherLog = withBadSignature(world.chain(alice, 1, { epoch: '00000000000000bb' })[0]!);
    const [naming] = world.chain(alice, 1, { first: 2, prev: otherLog.id });
    expect(await proveRun([otherLog, naming!], (entry) => entry === naming)).toEqual(['none', 'signature']);
    const later = withBadSignature(world.chain(alice, 1, { first: 3 })[0]!);
    const [earlier] = world.chain(alice, 1, { first: 2, prev: later.id });
    expect(await proveRun([later, earlier!], (entry) => entry === earlier)).toEqual(['none', 'signature']);
  });

  it('leaves out what is held, and proves the rest', async () => {
    const run = world.chain(alice, 20);
    await offer(run.slice(5, 8));
    expect(await offer(run)).toEqual([
      ...Array(5).fill('stored'),
      ...Array(3).fill('known'),
      ...Array(12).fill('stored'),
    ]);
  });

  it('parks the entries of an unknown author, within the quota', async () => {
    const stranger = Identity.generate();
    const verdicts = await offer(world.chain(stranger, 70));
    expect(verdicts.filter((verdict) => verdict === 'parked')).toHaveLength(64);
    expect(verdicts.filter((verdict) => verdict === 'entry.parked-full')).toHaveLength(6);
    world.grant(stranger);
    world.ingest.releaseParked();
    expect(world.journal.totals().entries).toBe(64);
  });

  it('ends early where the journal takes nothing, with its refusal last', async () => {
    const run = world.chain(alice, 100);
    await world.journal.stop();
    expect(await offer(run)).toEqual(['journal.stopped']);
  });

  it('is cut where the log changes or the numbers do not rise', () => {
    const bob = world.author();
    const a = world.chain(alice, 3);
    const b = world.chain(bob, 2);
    const cut = runsOf(aged([a[0]!, a[1]!, b[0]!, b[1]!, a[2]!, a[1]!]));
    expect(cut.map((run) => run.map(({ entry }) => entry.seq))).toEqual([[1, 2], [1, 2], [3], [2]]);
  });

  it('gives others their turn while it is long', async () => {
    const run = world.chain(alice, 1_000).map(({ bytes }) => decodeEntry(bytes));
    let turns = 0;
    const turning = setInterval(() => turns++, 0);
    await offer(run.flatMap((decoded) => (decoded.ok ? [decoded.value] : [])));
    clearInterval(turning);
    expect(turns).toBeGreaterThan(3);
  });
});
