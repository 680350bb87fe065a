import { beforeEach, describe, expect, it } from 'vitest';
import type { EntryId, LogId } from '../../../src/entry/index.ts';
import type { HeadsFrame, LogRanges } from '../../../src/sync/sync-frames.ts';
import {
  type PullResult,
  type SyncEffect,
  SyncSessionState,
  type SyncView,
} from '../../../src/sync/sync-session-state.ts';

const LOG = 'author/epoch' as LogId;

describe('a sync session', () => {
  let roots: Map<string, string>;
  let missing: LogRanges[];
  let state: SyncSessionState;
  let nowMs: number;

  beforeEach(() => {
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
    };
    state = new SyncSessionState(view);
    state.handle({ kind: 'admitted' }, nowMs);
  });

  const hello = (main: string, realm = roots.get('$realm')!) =>
    brief(
      state.handle(
        {
          kind: 'frame',
          frame: {
            kind: 'hello',
            storeId: '11'.repeat(8),
            channels: [
              { channel: 'main', root: main, offset: null, seen: null },
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

  const pullEnded = (channel: string, result: PullResult) =>
    brief(state.handle({ kind: 'pull-ended', channel, result }, nowMs));

  const hole = (channel: string) => brief(state.handle({ kind: 'hole', channel }, nowMs));

  it('is in sync where the roots are equal', () => {
    expect(state.status).toBe('unknown');
    expect(hello('m0')).toEqual([]);
    expect(state.status).toBe('in-sync');
    expect(state.inSyncAtMs).toBe(nowMs);
  });

  it('asks for heads where the roots differ, and pulls what is missing', () => {
    expect(hello('m1')).toEqual(['heads-wanted main']);
    expect(state.status).toBe('syncing');
    expect(heads('main', 'm1')).toEqual(['pull main']);
    roots.set('main', 'm1');
    expect(pullEnded('main', 'complete')).toEqual(['hello']);
    expect(state.status).toBe('in-sync');
  });

  it('pulls the realm before all else', () => {
    expect(hello('m1', 'r1')).toEqual(['heads-wanted main', 'heads-wanted $realm']);
    expect(heads('main', 'm1')).toEqual(['pull main']);
    expect(heads('$realm', 'r1')).toEqual([]);
    expect(pullEnded('main', 'complete')).toEqual(['hello', 'pull $realm']);
  });

  it('passes over heads that it did not ask for', () => {
    expect(heads('main', 'm1')).toEqual([]);
    expect(heads('stranger', 'm1')).toEqual([]);
  });

  it('does not ask again while both roots stay as they were when nothing was left', () => {
    hello('m1');
    missing = [];
    expect(heads('main', 'm1')).toEqual([]);
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
    expect(heads('main', 'm1')).toEqual(['heads-wanted main']);
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
      log: `author/${n}` as LogId,
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
    expect(hello('m7')).toEqual(['hello']);
    roots.set('main', 'm8');
    expect(hello('m8')).toEqual([]);
    nowMs += 1_000;
    expect(hello('m8')).toEqual(['hello']);
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
});

function brief(effects: readonly SyncEffect[]): string[] {
  return effects.map((effect) => {
    if (effect.kind !== 'send') return `${effect.kind} ${effect.channel}`;
    return 'channel' in effect.frame ? `${effect.frame.kind} ${effect.frame.channel}` : effect.frame.kind;
  });
}
