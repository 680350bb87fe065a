import { beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/entry/index.ts';
import { Counters } from '../../../src/errors/index.ts';
import { GossipService, shardOf } from '../../../src/gossip/index.ts';
import type { Ingest, Verdict } from '../../../src/ingest/index.ts';
import type { StoredEntry } from '../../../src/journal/index.ts';
import type { GossipHandler, Overlay } from '../../../src/overlay/index.ts';
import type { Realm } from '../../../src/realm/index.ts';

describe('gossip', () => {
  let verdict: Verdict;
  let handlers: Map<string, GossipHandler>;
  let published: [string, Uint8Array][];
  let counters: Counters;
  let offered: number;
  let left: number;
  let skipped: () => void;

  beforeEach(() => {
    handlers = new Map();
    published = [];
    counters = new Counters();
    offered = 0;
    left = 0;
  });

  function gossip(shards = 1): GossipService {
    const service = new GossipService({
      overlay: {
        onSkipped: (listener: () => void) => {
          skipped = listener;
          return () => {};
        },
        join: (topic: string, handler: GossipHandler) => handlers.set(topic, handler),
        publish: (topic: string, data: Uint8Array) => published.push([topic, data]) > 0,
      } as unknown as Overlay,
      ingest: {
        offer: () => {
          offered++;
          return verdict;
        },
      } as unknown as Ingest,
      realm: { id: 'ab', shards } as Realm,
      counters,
      nowMs: () => performance.now(),
      onLeft: () => {
        left++;
      },
    });
    service.start();
    return service;
  }

  it.each<[string, Verdict, string]>([
    ['new', { kind: 'stored', stored: {} as StoredEntry }, 'accept'],
    ['of a channel that is not carried', { kind: 'relayed' }, 'accept'],
    ['held already', { kind: 'known' }, 'ignore'],
    ['of an unknown author', { kind: 'parked' }, 'ignore'],
    ['of a revoked author', { kind: 'refused', code: 'entry.revoked-author' }, 'ignore'],
    ['a fork', { kind: 'refused', code: 'entry.forked' }, 'ignore'],
    ['more than the disk takes', { kind: 'refused', code: 'journal.disk-full' }, 'ignore'],
    ['forged', { kind: 'refused', code: 'entry.bad-signature' }, 'reject'],
    ['malformed', { kind: 'refused', code: 'entry.malformed' }, 'reject'],
  ])('says of an entry that is %s what honest relays are to do', async (_, given, expected) => {
    verdict = given;
    gossip();
    const handler = handlers.get('/sedge/1/ab/0')!;
    expect(await handler(new Uint8Array(10), 'peer' as never)).toBe(expected);
  });

  it('rejects what is too large before anything looks at it', async () => {
    gossip();
    expect(await handlers.get('/sedge/1/ab/0')!(new Uint8Array(65_537), 'peer' as never)).toBe('reject');
    expect(offered).toBe(0);
    expect(counters.get('gossip.malformed')).toBe(1);
  });

  it('leaves large entries to sync', () => {
    const service = gossip();
    const entry = (bytes: number) => ({ channel: 'main', bytes: new Uint8Array(bytes) }) as Entry;
    service.send(entry(65_536));
    expect([published.length, left]).toEqual([1, 0]);
    service.send(entry(65_537));
    expect([published.length, left]).toEqual([1, 1]);
    service.stop();
  });

  it('leaves to sync what a peer was skipped for', () => {
    gossip();
    skipped();
    expect(left).toBe(1);
  });

  it('spreads channels over the shards it joined', () => {
    gossip(16);
    expect(handlers.size).toBe(16);
    const shards = new Set(Array.from({ length: 200 }, (_, n) => shardOf(`channel ${n}`, 16)));
    expect(shards.size).toBe(16);
    expect(shardOf('main', 16)).toBe(shardOf('main', 16));
    expect(shardOf('main', 1)).toBe(0);
  });
});
