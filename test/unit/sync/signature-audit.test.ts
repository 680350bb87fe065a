import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Entry } from '../../../src/entry/index.ts';
import { silentLog } from '../../../src/errors/index.ts';
import type { Identity } from '../../../src/identity/index.ts';
import { SignatureAudit } from '../../../src/sync/index.ts';
import { IngestWorld, withBadSignature } from '../ingest/ingest-world.ts';

describe('the audit of signatures', () => {
  let world: IngestWorld;
  let alice: Identity;
  let audit: SignatureAudit;
  let reported: number[];
  let earlier: { through: number; bad: number[] } | null;

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    world = new IngestWorld();
    alice = world.author();
    reported = [];
    earlier = null;
    await world.journal.start();
    audit = new SignatureAudit({
      journals: new Map([['main', world.journal]]),
      entryAad: () => world.realm.entryAad(),
      earlier: () => earlier,
      counters: world.counters,
      log: silentLog,
      onBadSignature: (_, { seq }) => reported.push(seq),
    });
  });

  afterEach(async () => {
    audit.stop();
    vi.useRealTimers();
    await world.journal.stop();
  });

  const store = (run: readonly Entry[]) =>
    world.ingest.offerRun(
      run.map((entry) => ({ entry, ageMs: 0 })),
      'sync',
    );
  const record = async (seq: number, entry: Entry) =>
    (await world.journal.entryCovering(`${entry.author}/${entry.epoch}` as never, seq))!;

  /** Five entries whose second bears no good signature, though the third names it. */
  async function storeWithOneBad(): Promise<Entry> {
    const [first] = world.chain(alice, 1);
    const second = withBadSignature(world.chain(alice, 1, { first: 2, prev: first!.id })[0]!);
    const rest = world.chain(alice, 3, { first: 3, prev: second.id });
    const verdicts = await store([first!, second, ...rest]);
    expect(verdicts.map(({ kind }) => kind)).toEqual(Array(5).fill('stored'));
    return first!;
  }

  it('lets a batch end in an entry of its own good signature alone', async () => {
    const first = await storeWithOneBad();
    expect(audit.maySeal('main', await record(5, first))).toBe(true);
    expect(audit.maySeal('main', await record(3, first))).toBe(true);
    expect(audit.maySeal('main', await record(2, first))).toBe(false);
    expect(audit.isBad('main', 2)).toBe(true);
    expect(reported).toEqual([2]);
    expect(audit.maySeal('main', await record(2, first))).toBe(false);
    expect(world.counters.get('entry.bad-signature')).toBe(1);
  });

  it('finds what is bad by itself, a little at a time, and ends when it is through', async () => {
    await storeWithOneBad();
    await store(world.chain(alice, 100, { epoch: '00000000000000bb' }));
    audit.start();
    await vi.advanceTimersByTimeAsync(150);
    await vi.waitFor(() => expect(audit.progress('main').through).toBeGreaterThan(5));
    expect(reported).toEqual([2]);
    expect(audit.progress('main').through).toBeLessThan(60);
    await vi.waitFor(async () => {
      await vi.advanceTimersByTimeAsync(100);
      expect(audit.progress('main')).toEqual({ through: 105, bad: [2] });
    });
    await vi.advanceTimersByTimeAsync(200);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes on where an earlier process came to', async () => {
    const first = await storeWithOneBad();
    earlier = { through: 5, bad: [2] };
    expect(audit.maySeal('main', await record(2, first))).toBe(false);
    expect(audit.maySeal('main', await record(4, first))).toBe(true);
    expect(reported).toEqual([]);
  });

  it('leaves no timer behind', async () => {
    audit.start();
    audit.wake();
    audit.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
