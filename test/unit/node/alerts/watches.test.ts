import { describe, expect, it } from 'vitest';
import { WATCH_DEFAULTS } from '../../../../node/alerts/alert-rule.ts';
import { ClockWatch } from '../../../../node/alerts/clock-watch.ts';
import { GrowthWatch } from '../../../../node/alerts/growth-watch.ts';
import { PeerWatch } from '../../../../node/alerts/peer-watch.ts';
import { readFigure } from '../../../../node/alerts/read-figure.ts';
import { TagWatch } from '../../../../node/alerts/tag-watch.ts';
import { FigureWatch, NewsWatch, TOPICS_MAX } from '../../../../node/alerts/topic-watch.ts';
import type { PeerStatus } from '../../../../src/index.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const NOW = Date.UTC(2026, 10, 26);

function peer(node: string, changes: Partial<PeerStatus> = {}): PeerStatus {
  return { node, name: `name-${node}`, connected: true, health: 'ok', ...changes } as PeerStatus;
}

describe('PeerWatch', () => {
  const never = () => false;
  const look = (
    watch: PeerWatch,
    peers: readonly PeerStatus[],
    nowMs: number,
    isRevoked = never as (node: string) => boolean,
  ) => watch.look(peers, { nowMs, atMs: NOW + nowMs, isRevoked });

  it('tells of peers that were connected once, and are down or stalled', () => {
    const watch = new PeerWatch([], 0);
    expect(look(watch, [peer('a'), peer('b'), peer('c', { connected: false })], 0)).toEqual({
      changed: true,
      observations: [
        { subject: 'name-a', value: null, active: false },
        { subject: 'name-b', value: null, active: false },
      ],
    });
    expect(look(watch, [peer('a', { connected: false }), peer('b', { health: 'stalled' })], 1)).toEqual({
      changed: false,
      observations: [
        { subject: 'name-a', value: null, active: true },
        { subject: 'name-b', value: null, active: true },
      ],
    });
  });

  it('says nothing of those it remembers until they had time to be reached', () => {
    const watch = new PeerWatch([{ node: 'a', name: 'barn', heardAtMs: NOW }], 0);
    expect(look(watch, [], 0).observations).toEqual([]);
    expect(watch.isSettling(59_999)).toBe(true);
    expect(look(watch, [], 60_000).observations).toEqual([{ subject: 'barn', value: null, active: true }]);
  });

  it('forgets those that are revoked, and those of a month ago', () => {
    const kept = [
      { node: 'a', name: 'a', heardAtMs: NOW },
      { node: 'b', name: 'b', heardAtMs: NOW - 31 * 86_400_000 },
      { node: 'c', name: 'c', heardAtMs: NOW },
    ];
    const watch = new PeerWatch(kept, 0);
    expect(look(watch, [], 60_000, (node) => node === 'a').changed).toBe(true);
    expect(watch.kept.map(({ node }) => node)).toEqual(['c']);
  });

  it('remembers the 256 that were heard last', () => {
    const watch = new PeerWatch([], 0);
    for (let n = 0; n < 300; n++) look(watch, [peer(`p${n}`)], n);
    expect(watch.kept).toHaveLength(256);
    expect(watch.kept.at(-1)!.node).toBe('p299');
  });
});

describe('ClockWatch', () => {
  it('tells how far the wall clock went another way than time, either way', () => {
    const watch = new ClockWatch();
    expect(watch.look(0, NOW).value).toBe(0);
    expect(watch.look(5_000, NOW + 5_000).value).toBe(0);
    expect(watch.look(10_000, NOW + 3_610_000).value).toBe(3_600);
    expect(watch.look(15_000, NOW + 3_615_000).value).toBe(0);
    expect(watch.look(20_000, NOW).value).toBe(3_620);
  });

  it('tells of a clock that was never set', () => {
    expect(new ClockWatch().look(0, 1_000)).toMatchObject({
      active: true,
      value: null,
      detail: expect.stringContaining('1970-01-01'),
    });
  });
});

describe('TagWatch', () => {
  const port = (path: string, bad: number) =>
    ({ path, counters: { 'record.bad-tag': bad, 'frame.ok': 9 } }) as never;

  it('counts bad tags of ten minutes at each port, also after its counters began anew', () => {
    const watch = new TagWatch();
    expect(watch.look([port('/a', 3), port('/b', 0)], 0)).toEqual([
      { subject: '/a', value: 3 },
      { subject: '/b', value: 0 },
    ]);
    expect(watch.look([port('/a', 5)], 300_000)).toEqual([{ subject: '/a', value: 5 }]);
    expect(watch.look([port('/a', 1)], 600_000)).toEqual([{ subject: '/a', value: 6 }]);
    expect(watch.look([port('/a', 1)], 900_000)).toEqual([{ subject: '/a', value: 3 }]);
    expect(watch.look([port('/a', 1)], 1_200_001)).toEqual([{ subject: '/a', value: 0 }]);
  });
});

describe('GrowthWatch', () => {
  it('grows until it goes down, standing still included', () => {
    const watch = new GrowthWatch();
    const seen = [5, 5, 6, 6, 9, 8, 8, 9].map((value) => watch.grows('a', value));
    expect(seen).toEqual([false, false, true, true, true, false, false, true]);
    watch.keep(new Set());
    expect(watch.grows('a', 99)).toBe(false);
  });
});

describe('NewsWatch', () => {
  const rule = { ...WATCH_DEFAULTS['topic-silent'], name: 'n', topic: 'a/#', forMs: 100 };

  it('tells when nothing came for so long, from the start on', () => {
    const watch = new NewsWatch(rule, 0);
    expect(watch.look(99)).toEqual([]);
    expect(watch.look(100)).toMatchObject([{ subject: 'a/#', active: true }]);
    watch.hear({ topic: 'a/b' }, 150);
    expect(watch.look(249)).toMatchObject([{ subject: 'a/#', active: false }]);
    expect(watch.look(250)).toMatchObject([{ subject: 'a/#', active: true }]);
  });

  it('tells of each topic that was heard, if asked to, and of so many alone', () => {
    const watch = new NewsWatch({ ...rule, each: true }, 0);
    expect(watch.look(1_000)).toEqual([]);
    watch.hear({ topic: 'a/b' }, 1_000);
    watch.hear({ topic: 'a/c' }, 1_050);
    expect(watch.look(1_100)).toMatchObject([
      { subject: 'a/b', active: true },
      { subject: 'a/c', active: false },
    ]);
    for (let n = 0; n < 2 * TOPICS_MAX; n++) watch.hear({ topic: `a/${n}` }, 0);
    expect(watch.look(0)).toHaveLength(TOPICS_MAX);
  });
});

describe('FigureWatch', () => {
  it('tells the worst since the last look, then the last', () => {
    const limit = { side: 'above' as const, at: 3, clear: 3, unit: null };
    const watch = new FigureWatch({ ...WATCH_DEFAULTS.value, name: 'v', topic: 'a', limit });
    for (const text of ['1', '9', '2', 'none']) watch.hear({ topic: 'a', payload: bytes(text) });
    expect(watch.look()).toEqual([{ subject: 'a', value: 9 }]);
    expect(watch.look()).toEqual([{ subject: 'a', value: 2 }]);
    expect(watch.unreadable).toBe(1);
  });
});

describe('readFigure', () => {
  it.each([
    ['21.5', null, 21.5],
    [' -3e2\n', null, -300],
    ['', null, null],
    ['21.5 C', null, null],
    ['0x10', null, null],
    ['Infinity', null, null],
    ['{"a":{"b":4}}', 'a.b', 4],
    ['{"a":{"b":"4.5"}}', 'a.b', 4.5],
    ['{"a":[7]}', 'a.0', 7],
    ['{"a":4}', 'a.b', null],
    ['{"a":4}', '__proto__', null],
    ['{"a":null}', 'a.b', null],
    ['{"a":', 'a', null],
    ['4', 'a', null],
  ])('reads %j at %s as %s', (text, field, figure) => {
    expect(readFigure(bytes(text), field)).toBe(figure);
  });

  it('does not look at what is too long to be one', () => {
    expect(readFigure(bytes(`${' '.repeat(65_536)}1`), null)).toBeNull();
  });
});
