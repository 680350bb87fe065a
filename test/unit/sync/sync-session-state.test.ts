import { beforeEach, describe, expect, it } from 'vitest';
import type { EntryId, LogId } from '../../../src/entry/index.ts';
import { nodeIdOf } from '../../../src/identity/index.ts';
import type { Offset } from '../../../src/journal/index.ts';
import type { HeadSource } from '../../../src/sync/head-reconciliation.ts';
import type { ReconcileItem } from '../../../src/sync/reconcile-frame.ts';
import type { PullEnded, PullResult, SyncEffect, SyncView } from '../../../src/sync/sync-events.ts';
import type { HeadsFrame, LogRanges } from '../../../src/sync/sync-frames.ts';
import { SyncSessionState } from '../../../src/sync/sync-session-state.ts';

const LOG = `${nodeIdOf(new Uint8Array(32).fill(7))}/0011223344556677` as LogId;
/** Behind more entries than are listed without more ado. */
const MANY: Offset = { incarnation: '8899aabbccddeeff', position: 5_000 };
const OFFSET: Offset = { incarnation: '8899aabbccddeeff', position: 5 };

/** Heads that have a count and nothing else in common with those of the peer. */
function manyHeads(count: number): HeadSource {
  return {
    count: () => count,
    fingerprint: () => '00'.repeat(16),
    heads: () => [],
    split: (_from, _to, parts) => Array.from({ length: parts - 1 }, (_, n) => `0${n + 1}`),
  };
}

describe('a sync session', () => {
  let roots: Map<string, string>;
  let missing: LogRanges[];
  let state: SyncSessionState;
  let nowMs: number;
  /** How many heads this side has: a reconciliation needs many. */
  let headCount: number;
  let cursor: Offset | null;
  let settledPairs: string[];
  let knowsOffset: boolean;

  beforeEach(() => {
    headCount = 3;
    cursor = null;
    settledPairs = [];
    knowsOffset = true;
    roots = new Map([
      ['$realm', 'r0'],
      ['main', 'm0'],
    ]);
    missing = [{ log: LOG, ranges: [{ first: 1, last: 5 }] }];
    nowMs = 1_000_000;
    const view: SyncView = {
      storeId: '00'.repeat(8),
      root: (channel) => roots.get(channel) ?? null,
      helloChannels: () => [...roots].map(([channel, root]) => ({ channel, root, offset: null, seen: null })),
      missing: () => missing,
      offset: () => OFFSET,
      heads: () => manyHeads(headCount),
      knowsOffset: () => knowsOffset,
      rank: (channel) => ['$realm', 'alarm', 'main', 'bulk'].indexOf(channel),
    };
    const memory = {
      cursor: () => cursor,
      isSettled: (_store: string, _channel: string, own: string, peer: string) =>
        settledPairs.includes(`${own} ${peer}`),
    };
    begin = (isLower, version) => {
      state = new SyncSessionState(view, memory, { isLower });
      state.handle({ kind: 'admitted', version }, nowMs);
    };
    begin(true, 2);
  });

  let begin: (isLower: boolean, version: number) => void;

  /** What a hello leads to; that the realm is in sync is noted each time. */
  const hello = (main: string, realm = roots.get('$realm')!) =>
    greet(main, realm).filter((effect) => effect !== 'remember $realm');

  const greet = (main: string, realm: string) =>
    brief(
      state.handle(
        {
          kind: 'frame',
          frame: {
            kind: 'hello',
            storeId: '11'.repeat(8),
            channels: [
              { channel: 'main', root: main, offset: MANY, seen: null },
              { channel: '$realm', root: realm, offset: null, seen: null },
              { channel: 'stranger', root: 'x', offset: null, seen: null },
            ],
          },
        },
        nowMs,
      ),
    );

  const heads = (channel: string, root: string, change: Partial<HeadsFrame> = {}) =>
    brief(
      state.handle(
        {
          kind: 'frame',
          frame: {
            kind: 'heads',
            channel,
            root,
            final: true,
            complete: true,
            offset: null,
            heads: [],
            ...change,
          },
        },
        nowMs,
      ),
    );

  const pullEnded = (channel: string, result: PullResult, change: Partial<PullEnded> = {}) => {
    const ended = { refused: [], gone: [], absent: result === 'nothing' ? missing : [], left: false };
    return brief(state.handle({ kind: 'pull-ended', channel, result, ...ended, ...change }, nowMs));
  };

  const hole = (channel: string) => brief(state.handle({ kind: 'hole', channel }, nowMs));

  it('is in sync where the roots are equal', () => {
    expect(state.status).toBe('unknown');
    expect(hello('m0')).toEqual(['remember main']);
    expect(state.status).toBe('in-sync');
    expect(state.inSyncAtMs).toBe(nowMs);
  });

  it('asks for heads where the roots differ, and pulls what is missing', () => {
    expect(hello('m1')).toEqual(['heads-wanted main']);
    expect(state.status).toBe('syncing');
    expect(heads('main', 'm1')).toEqual(['pull main']);
    roots.set('main', 'm1');
    expect(pullEnded('main', 'complete')).toEqual(['hello', 'remember main']);
    expect(state.status).toBe('in-sync');
  });

  it('lets no pull wait for one of a less urgent channel, nor begin beside a more urgent one', () => {
    for (const channel of ['alarm', 'bulk']) roots.set(channel, 'x0');
    const rows = ['main', '$realm', 'alarm', 'bulk'].map((channel) => ({
      ...{ channel, root: 'x1', offset: OFFSET, seen: null },
    }));
    const frame = { kind: 'hello', storeId: '11'.repeat(8), channels: rows } as const;
    state.handle({ kind: 'frame', frame }, nowMs);
    expect(heads('main', 'x1')).toEqual(['pull main']);
    expect(heads('bulk', 'x1')).toEqual([]);
    expect(heads('alarm', 'x1')).toEqual(['pull alarm']);
    expect(heads('$realm', 'x1')).toEqual(['pull $realm']);
    expect(pullEnded('main', 'complete')).toEqual(['hello', 'remember main']);
    expect(pullEnded('$realm', 'complete')).toEqual(['hello', 'remember $realm']);
    expect(pullEnded('alarm', 'complete')).toEqual(['hello', 'remember alarm', 'pull bulk']);
  });

  it('passes over heads that it did not ask for', () => {
    expect(heads('main', 'm1')).toEqual([]);
    expect(heads('stranger', 'm1')).toEqual([]);
  });

  it('does not ask again while both roots stay as they were when nothing was left', () => {
    hello('m1');
    missing = [];
    expect(heads('main', 'm1')).toEqual(['remember main']);
    expect(hello('m1')).toEqual([]);
    expect(hello('m2')).toEqual(['heads-wanted main']);
  });

  it('does not ask again for what the peer claimed and did not have, until a root or a grant changes', () => {
    hello('m1');
    heads('main', 'm1');
    expect(pullEnded('main', 'nothing')).toEqual(['hello']);
    expect(hello('m1')).toEqual([]);
    expect(brief(state.handle({ kind: 'realm-changed' }, nowMs))).toEqual(['heads-wanted main']);
  });

  it('asks again for the rest when some came', () => {
    hello('m1');
    heads('main', 'm1');
    expect(pullEnded('main', 'partial')).toEqual(['hello', 'heads-wanted main']);
  });

  it('tries again later what was cut off', () => {
    hello('m1');
    heads('main', 'm1');
    expect(pullEnded('main', 'failed')).toEqual(['hello', 'retry main']);
    expect(state.status).toBe('syncing');
    expect(hole('main')).toEqual(['heads-wanted main']);
  });

  it('asks after a pull for what the peer got meanwhile', () => {
    hello('m1');
    heads('main', 'm1');
    expect(hello('m2')).toEqual([]);
    roots.set('main', 'm1');
    expect(pullEnded('main', 'complete')).toEqual(['hello', 'heads-wanted main']);
  });

  it('asks after the heads for a hole that was met while they were under way', () => {
    hello('m1');
    expect(hole('main')).toEqual([]);
    missing = [];
    expect(heads('main', 'm1')).toEqual(['remember main', 'heads-wanted main']);
  });

  it('asks again where the answer never comes', () => {
    hello('m1');
    nowMs += 10_001;
    expect(hello('m1')).toEqual(expect.arrayContaining(['heads-wanted main']));
  });

  it('asks again when a clock stepped back', () => {
    hello('m1');
    nowMs -= 3_600_000;
    expect(hello('m1')).toEqual(expect.arrayContaining(['heads-wanted main']));
  });

  it('asks for no more logs than a request may name, and for the rest afterwards', () => {
    hello('m1');
    missing = Array.from({ length: 800 }, (_, n) => ({
      log: `${LOG.slice(0, -4)}${n.toString(16).padStart(4, '0')}` as LogId,
      ranges: [{ first: 1, last: 1 }],
    }));
    expect(heads('main', 'm1', { final: false })).toEqual([]);
    const effects = state.handle(
      {
        kind: 'frame',
        frame: {
          kind: 'heads',
          channel: 'main',
          root: 'm1',
          final: true,
          complete: true,
          offset: null,
          heads: [],
        },
      },
      nowMs,
    );
    expect(effects).toMatchObject([{ kind: 'pull' }]);
    expect(effects[0]?.kind === 'pull' && effects[0].logs.length).toBe(1_024);
    expect(pullEnded('main', 'complete')).toEqual(['hello', 'heads-wanted main']);
  });

  it('asks a peer whose claims come to nothing ever more rarely, and at once again when something came', () => {
    let asked = 0;
    for (let round = 0; round < 100; round++) {
      nowMs += 100;
      if (!hello(`lie ${round}`).includes('heads-wanted main')) continue;
      asked++;
      heads('main', `lie ${round}`);
      pullEnded('main', 'nothing');
    }
    expect(asked).toBeLessThan(9);
    nowMs += 30_000;
    expect(hello('true')).toContain('heads-wanted main');
    heads('main', 'true');
    pullEnded('main', 'complete');
    expect(hello('next')).toContain('heads-wanted main');
  });

  it('answers a hello with its own roots if they moved, but not each time', () => {
    nowMs += 5_000;
    roots.set('main', 'm7');
    expect(hello('m7')).toEqual(['hello', 'remember main']);
    roots.set('main', 'm8');
    expect(hello('m8')).toEqual(['remember main']);
    nowMs += 1_000;
    expect(hello('m8')).toEqual(['hello', 'remember main']);
  });

  it('tells of a change once, and of what it learns when a pull from the peer has ended', () => {
    const changed = (learned: boolean) => brief(state.handle({ kind: 'changed', learned }, nowMs));
    expect(changed(true)).toEqual([]);
    roots.set('main', 'm9');
    expect(changed(true)).toEqual(['hello']);
    expect(changed(true)).toEqual([]);
    hello('m1');
    heads('main', 'm1');
    roots.set('main', 'm10');
    expect(changed(true)).toEqual([]);
    expect(changed(false)).toEqual(['hello']);
    roots.set('main', 'm1');
    expect(pullEnded('main', 'complete')).toContain('hello');
  });

  it('answers for heads of carried channels alone', () => {
    const ask = (channel: string) =>
      brief(state.handle({ kind: 'frame', frame: { kind: 'heads-wanted', channel, since: null } }, nowMs));
    expect(ask('main')).toEqual(['send-heads main']);
    expect(ask('stranger')).toEqual([]);
  });

  it('asks for the rest where the peer could not name all its holes', () => {
    hello('m1');
    const holes = Array.from({ length: 1_024 }, (_, n) => ({ first: n * 2 + 1, last: n * 2 + 1 }));
    heads('main', 'm1', { heads: [{ log: LOG, last: 9_999, lastId: 'id' as EntryId, holes }] });
    expect(pullEnded('main', 'complete')).toEqual(['hello', 'heads-wanted main']);
  });

  describe('with what is remembered of the peer', () => {
    const since = (effects: readonly SyncEffect[]) =>
      effects.flatMap((effect) =>
        effect.kind === 'send' && effect.frame.kind === 'heads-wanted' ? [effect.frame.since] : [],
      );
    const greeting = (root: string) =>
      ({
        kind: 'frame',
        frame: {
          kind: 'hello',
          storeId: '11'.repeat(8),
          channels: [{ channel: 'main', root, offset: OFFSET, seen: null }],
        },
      }) as const;
    const remembered = (effects: readonly SyncEffect[]) =>
      effects.flatMap((effect) => (effect.kind === 'remember' ? [effect.comparison] : []));

    it('asks for the heads since the cursor', () => {
      cursor = { incarnation: '00'.repeat(8), position: 3 };
      expect(since(state.handle(greeting('m1'), nowMs))).toEqual([cursor]);
    });

    it('is in sync at a pair of roots that left nothing before, without asking', () => {
      settledPairs = ['m0 m1'];
      expect(hello('m1')).toEqual([]);
      expect(state.status).toBe('in-sync');
      expect(hello('m2')).toEqual(['heads-wanted main']);
    });

    it('notes where the peer stood once all that it claimed is held', () => {
      hello('m1');
      const offset = { incarnation: 'aa'.repeat(8), position: 77 };
      expect(heads('main', 'm1', { offset, complete: false })).toEqual(['pull main']);
      roots.set('main', 'm5');
      const ended = { refused: [], gone: [], absent: [], left: false } as const;
      const effects = state.handle(
        { kind: 'pull-ended', channel: 'main', result: 'complete', ...ended },
        nowMs,
      );
      expect(remembered(effects)).toEqual([
        { offset, ownRoot: 'm5', peerRoot: 'm1', byRealm: false, full: false },
      ]);
    });

    it('notes nothing where something that the peer claims did not come', () => {
      hello('m1');
      heads('main', 'm1');
      expect(pullEnded('main', 'nothing', { absent: missing })).toEqual(['hello']);
      expect(state.status).toBe('in-sync');
      expect(hello('m2')).toEqual(['heads-wanted main']);
      // Not asked for again at once, nor noted.
      expect(heads('main', 'm2')).toEqual([]);
      nowMs += 61_000;
      hello('m3');
      expect(heads('main', 'm3')).toEqual(['pull main']);
    });

    it('notes that something was not taken because of the realm, and asks for it when the realm changed', () => {
      hello('m1');
      heads('main', 'm1');
      const ended = { refused: missing, gone: [], absent: [], left: false } as const;
      const effects = state.handle(
        { kind: 'pull-ended', channel: 'main', result: 'nothing', ...ended },
        nowMs,
      );
      expect(remembered(effects)).toMatchObject([{ byRealm: true }]);
      hello('m2');
      expect(heads('main', 'm2')).toEqual(['remember main']);
      expect(brief(state.handle({ kind: 'realm-changed' }, nowMs))).toEqual(['heads-wanted main']);
      expect(heads('main', 'm2')).toEqual(['pull main']);
    });

    it('waits for what another peer supplies before it notes anything', () => {
      hello('m1');
      heads('main', 'm1');
      expect(pullEnded('main', 'complete', { left: true })).toEqual(['hello']);
      expect(state.status).toBe('syncing');
      expect(brief(state.handle({ kind: 'supplied', channel: 'main' }, nowMs))).toEqual(['remember main']);
      expect(state.status).toBe('in-sync');
    });

    it('notes nothing from claims that were cut short', () => {
      hello('m1');
      missing = [];
      const holes = Array.from({ length: 1_024 }, (_, n) => ({ first: n * 2 + 1, last: n * 2 + 1 }));
      expect(
        heads('main', 'm1', { heads: [{ log: LOG, last: 9_999, lastId: 'id' as EntryId, holes }] }),
      ).toEqual([]);
    });
  });

  describe('with many heads and no cursor', () => {
    beforeEach(() => {
      headCount = 1_000;
      missing = [];
    });

    const step = (items: readonly ReconcileItem[], number: number, root: string | null = 'm1') =>
      brief(
        state.handle(
          {
            kind: 'frame',
            frame: {
              ...{ kind: 'reconcile', channel: 'main', step: number, more: false, from: '', items },
              base: root === null ? null : { root, offset: OFFSET },
            },
          },
          nowMs,
        ),
      );
    const same: ReconcileItem[] = [{ to: null, kind: 'same' }];
    const question: ReconcileItem[] = [{ to: null, kind: 'fingerprint', fingerprint: '11'.repeat(16) }];
    const wanted = (at: Offset | null) =>
      brief(
        state.handle({ kind: 'frame', frame: { kind: 'heads-wanted', channel: 'main', since: at } }, nowMs),
      );

    it('reconciles ranges, begun by the lower side', () => {
      expect(hello('m1')).toEqual(['reconcile main']);
      expect(step(same, 1)).toEqual(['remember main']);
      expect(state.status).toBe('in-sync');
    });

    it('pulls what it learned', () => {
      hello('m1');
      missing = [{ log: LOG, ranges: [{ first: 1, last: 5 }] }];
      const heads = [{ log: LOG, last: 5, lastId: 'id' as EntryId, holes: [] }];
      const items: ReconcileItem[] = [
        { to: '07', kind: 'same' },
        { to: null, kind: 'heads', answer: false, heads },
      ];
      expect(step(items, 1)).toEqual(['pull main']);
      expect(pullEnded('main', 'complete')).toEqual(['hello', 'remember main']);
    });

    it('gives the lower peer its turn, and answers it', () => {
      begin(false, 2);
      expect(hello('m1')).toEqual(['later main']);
      expect(hello('m1')).toEqual([]);
      expect(step(question, 0)).toEqual(['reconcile main']);
      expect(step(same, 2, null)).toEqual(['remember main']);
    });

    it('begins itself where the peer does not take its turn', () => {
      begin(false, 2);
      hello('m1');
      nowMs += 2_000;
      expect(hole('main')).toEqual(['reconcile main']);
    });

    it('begins itself where the peer has a way of its own', () => {
      begin(false, 2);
      hello('m1');
      expect(wanted(OFFSET)).toEqual(['send-heads main', 'reconcile main']);
    });

    it('answers a question since an offset that it does not know by beginning', () => {
      hello('m0');
      knowsOffset = false;
      expect(wanted(OFFSET)).toEqual(['reconcile main']);
      expect(wanted(null)).toEqual(['send-heads main']);
    });

    it('goes on with the lower side where both began', () => {
      hello('m1');
      expect(step(question, 0)).toEqual([]);
      expect(step(same, 1)).toEqual(['remember main']);
      begin(false, 2);
      hello('m1');
      nowMs += 2_000;
      hole('main');
      expect(step(question, 0)).toEqual(['reconcile main']);
    });

    it('asks a peer that has few for all of them', () => {
      const channels = [{ channel: 'main', root: 'm1', offset: OFFSET, seen: null }];
      const frame = { kind: 'hello', storeId: '11'.repeat(8), channels } as const;
      expect(brief(state.handle({ kind: 'frame', frame }, nowMs))).toEqual(['heads-wanted main']);
    });

    it('asks a peer of version 1 for all heads', () => {
      begin(true, 1);
      expect(hello('m1')).toEqual(['heads-wanted main']);
    });

    it('begins again where the peer falls silent', () => {
      hello('m1');
      nowMs += 10_001;
      expect(hello('m2')).toContain('reconcile main');
    });

    it.each([
      ['a step out of turn', 3, question],
      [
        'an answer that nobody asked for',
        1,
        [{ to: null, kind: 'fingerprint', fingerprint: '22'.repeat(16) }],
      ],
    ] as const)('refuses %s', (_, number, items) => {
      hello('m1');
      const refused = step(number === 3 ? items : [{ to: '0001', kind: 'same' }, ...items], number);
      expect(refused).toEqual(['refuse sync.lying-heads']);
    });

    it('passes over a step that comes too late', () => {
      hello('m0');
      expect(step(question, 5)).toEqual([]);
    });
  });
});

function brief(effects: readonly SyncEffect[]): string[] {
  return effects.map((effect) => {
    if (effect.kind === 'refuse') return `refuse ${effect.code}`;
    if (effect.kind !== 'send') return `${effect.kind} ${effect.channel}`;
    return 'channel' in effect.frame ? `${effect.frame.kind} ${effect.frame.channel}` : effect.frame.kind;
  });
}
