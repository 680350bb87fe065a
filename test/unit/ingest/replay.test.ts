import { beforeEach, describe, expect, it } from 'vitest';
import { decodeEntry, type Entry, logIdOf } from '../../../src/entry/index.ts';
import type { Identity } from '../../../src/identity/index.ts';
import { IngestWorld } from './ingest-world.ts';

describe('an entry that is played again', () => {
  let world: IngestWorld;
  let author: Identity;
  let entries: Entry[];

  beforeEach(async () => {
    world = new IngestWorld();
    await world.journal.start();
    author = world.author();
    entries = world.chain(author, 3);
    for (const { bytes } of entries) await world.ingest.offer(bytes, { source: 'gossip', ageMs: 0 });
  });

  const verdictOf = async (bytes: Uint8Array, source: 'gossip' | 'sync' | 'import') => {
    const verdict = await world.ingest.offer(bytes, { source, ageMs: 0 });
    return verdict.kind === 'refused' ? verdict.code : verdict.kind;
  };

  it.each(['gossip', 'sync', 'import'] as const)(
    'is known, however it comes (%s), and no fork',
    async (source) => {
      for (const { bytes } of entries) expect(await verdictOf(bytes, source)).toBe('known');
      expect(world.journal.totals().entries).toBe(3);
      expect(world.ingest.forks.forks()).toEqual([]);
    },
  );

  it.each([
    ['another epoch', Buffer.from('00000000000000aa', 'hex'), Buffer.from('00000000000000ab', 'hex')],
    ['another channel', Buffer.from('main'), Buffer.from('mail')],
    ['another message', Buffer.from('message 2'), Buffer.from('message 9')],
  ])('is refused as %s: the signature covers that', async (_, from, to) => {
    const bytes = Buffer.from(entries[1]!.bytes);
    bytes.set(to, bytes.indexOf(from));
    expect(decodeEntry(bytes).ok).toBe(true);
    expect(await verdictOf(bytes, 'gossip')).toBe('entry.bad-signature');
    expect(world.ingest.forks.forks()).toEqual([]);
  });

  it('is refused in another realm', async () => {
    const elsewhere = new IngestWorld();
    await elsewhere.journal.start();
    elsewhere.grant(author);
    const verdict = await elsewhere.ingest.offer(entries[0]!.bytes, { source: 'gossip', ageMs: 0 });
    expect(verdict).toMatchObject({ code: 'entry.bad-signature' });
    expect(elsewhere.journal.head(logIdOf(entries[0]!))).toBeNull();
  });
});
