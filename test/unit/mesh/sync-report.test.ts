import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/bytes/index.ts';
import type { LogId } from '../../../src/entry/index.ts';
import type { NodeId } from '../../../src/identity/index.ts';
import type { ChannelJournal, SeqRange } from '../../../src/journal/index.ts';
import { MeshReport, type MeshReportDependencies } from '../../../src/mesh/mesh-report.ts';
import { channelLosses, peerChannelStatus } from '../../../src/mesh/sync-report.ts';
import type { PeerInfo } from '../../../src/overlay/index.ts';
import { PeerHoldings } from '../../../src/receipts/index.ts';
import type { PeerSync } from '../../../src/sync/index.ts';

const PEER = 'peer' as unknown as NodeId;
const LOG = 'author/00' as LogId;
const OF = { channel: 'main', log: LOG };

/** A journal that says of one log what the report asks. */
function journal(log: {
  readonly held?: readonly SeqRange[];
  readonly missing?: readonly SeqRange[];
  readonly letGo?: readonly SeqRange[];
  readonly end?: number;
  readonly last?: number;
}): ChannelJournal {
  const { held = [], missing = [], letGo = [], end = null, last = 0 } = log;
  return {
    channel: 'main',
    root: () => new Uint8Array(16).fill(1),
    heldRanges: () => held,
    missing: () => missing,
    letGo: () => letGo,
    logsLetGo: () => [LOG],
    unwanted: () => letGo,
    endOf: () => end,
    heads: () => [{ log: LOG, last }],
    headsSince: () => [{ log: LOG, last }],
    messagesAfter: (position: number) => last - position,
  } as unknown as ChannelJournal;
}

const range = (first: number, last: number) => ({ first, last });
const heads = (...ranges: SeqRange[]) => ({ ranges, asOfMs: 5, source: 'heads' }) as const;

describe('how far a channel is apart from a peer', () => {
  it('is unknown while the peer never said what it holds', () => {
    const status = peerChannelStatus(PEER, journal({}), { holdings: new PeerHoldings(), session: undefined });
    expect(status).toMatchObject({ state: 'unknown', missingHere: 0, missingThere: null, inSyncAtMs: null });
  });

  it('is what each lacks of what the other said, without what retention let go here', () => {
    const holdings = new PeerHoldings();
    holdings.note(PEER, OF, heads(range(1, 50)));
    const here = journal({ held: [range(21, 30), range(60, 69)], letGo: [range(1, 10)] });
    const status = peerChannelStatus(PEER, here, { holdings, session: undefined });
    expect(status).toMatchObject({ state: 'apart', missingHere: 30, missingThere: 10 });
  });

  it('is nothing while both roots are the same, whatever heads said before', () => {
    const holdings = new PeerHoldings();
    holdings.note(PEER, OF, heads(range(1, 50)));
    const root = toHex(new Uint8Array(16).fill(1));
    holdings.noteInSync(PEER, 'main', { root, position: 9, asOfMs: 7 });
    const status = peerChannelStatus(PEER, journal({}), { holdings, session: undefined });
    expect(status).toMatchObject({ state: 'in-sync', missingHere: 0, missingThere: 0, inSyncAtMs: 7 });
  });

  it('is what came since both were in step, for one that is away and never said what it holds of a log', () => {
    const holdings = new PeerHoldings();
    holdings.noteInSync(PEER, 'main', { root: '00', position: 9, asOfMs: 7 });
    const here = journal({ held: [range(1, 60)], last: 60 });
    expect(peerChannelStatus(PEER, here, { holdings, session: undefined }).missingThere).toBe(51);
    const session = { channel: 'main', inSync: true, missing: 0, givenUp: 0 };
    expect(peerChannelStatus(PEER, here, { holdings, session }).missingThere).toBeNull();
  });

  it('says what the peer was asked for in vain', () => {
    const session = { channel: 'main', inSync: true, missing: 0, givenUp: 4 };
    const status = peerChannelStatus(PEER, journal({}), { holdings: new PeerHoldings(), session });
    expect(status).toMatchObject({ state: 'in-sync', givenUp: 4 });
  });
});

describe('what is lost in a channel', () => {
  it('is told by its reason, and whether anybody is known to hold it', () => {
    const holdings = new PeerHoldings();
    holdings.note(PEER, OF, heads(range(11, 13)));
    const here = journal({ missing: [range(11, 20)], letGo: [range(1, 10)], end: 90, last: 99 });
    expect(channelLosses(here, holdings)).toEqual([
      { why: 'let-go', messages: 10 },
      { why: 'forked', messages: 10 },
      { why: 'held-elsewhere', messages: 3 },
      { why: 'nowhere', messages: 7 },
    ]);
  });

  it('is nothing where all is held', () => {
    expect(channelLosses(journal({ held: [range(1, 5)], last: 5 }), new PeerHoldings())).toEqual([]);
  });
});

describe('the health of a peer', () => {
  const health = (peer: Partial<PeerInfo>, heardAtMs: number | null, sync: PeerSync['status']) => {
    const info = { node: PEER, connected: true, sinceMs: 0, ...peer } as PeerInfo;
    const report = new MeshReport({
      realm: { nameOf: () => 'peer' },
      overlay: { peers: () => [info] },
      journals: new Map(),
      holdings: new PeerHoldings(),
      peerSync: () => ({ status: sync, inSyncAtMs: null }),
      peerChannelSync: () => [],
      heardAtMs: () => heardAtMs,
      nowMs: () => 100_000,
    } as unknown as MeshReportDependencies);
    return report.peers()[0]!.health;
  };

  it('comes from what is heard of it, not from its socket', () => {
    expect(health({}, 90_000, 'syncing')).toBe('ok');
    expect(health({}, 10_000, 'syncing')).toBe('stalled');
    expect(health({}, null, 'unknown')).toBe('stalled');
    expect(health({ sinceMs: 90_000 }, null, 'unknown')).toBe('ok');
    expect(health({}, 10_000, 'in-sync')).toBe('stalled');
    expect(health({}, 90_000, 'in-sync')).toBe('ok');
    expect(health({ connected: false }, 99_000, 'in-sync')).toBe('down');
  });
});

describe('a peer that connected by itself and is away', () => {
  it('is still told of, with what it lacks, unless it is revoked or back', () => {
    const holdings = new PeerHoldings();
    holdings.note(PEER, OF, heads(range(1, 50)));
    const here = journal({ held: [range(1, 60)] });
    const absent = (standing: string, present: readonly NodeId[]) =>
      new MeshReport({
        self: 'self' as unknown as NodeId,
        realm: { nameOf: () => 'barn', standing: () => ({ status: standing }) },
        overlay: { peers: () => present.map((node) => ({ node })) },
        journals: new Map([['main', here]]),
        holdings,
        peerSync: () => null,
        peerChannelSync: () => [],
        heardAtMs: () => 90_000,
        nowMs: () => 100_000,
      } as unknown as MeshReportDependencies).absentPeers();
    const [barn, ...others] = absent('granted', []);
    expect(barn).toMatchObject({
      node: PEER,
      name: 'barn',
      connected: false,
      health: 'down',
      heardAtMs: 90_000,
    });
    expect(barn!.channels).toMatchObject([{ channel: 'main', missingThere: 10 }]);
    expect(others).toEqual([]);
    expect(absent('revoked', [])).toEqual([]);
    expect(absent('granted', [PEER])).toEqual([]);
  });
});
