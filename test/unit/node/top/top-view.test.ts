import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ANSI_INK, inkFor, NO_INK } from '../../../../node/top/top-ink.ts';
import { pressKeys, type TopKeys } from '../../../../node/top/top-keys-state.ts';
import { plainLine, plainRecord } from '../../../../node/top/top-plain.ts';
import { cardText } from '../../../../node/top/top-text.ts';
import { topFrame } from '../../../../node/top/top-view.ts';
import { sampleChannel, sampleFigures, samplePeer } from './sample-figures.ts';

const KEYS: TopKeys = { sort: 'busy', help: false };
const SIZE = { width: 120, height: 24, keys: KEYS };

describe('a frame of "sedge top"', () => {
  it('has the figures of the node, its peers and its channels', () => {
    const frame = topFrame(sampleFigures(), SIZE);
    expect(frame).toHaveLength(24);
    const text = frame.join('\n');
    expect(text).toContain('sedge top  gateway in farm   up 2 h   1 of 1 peer connected');
    expect(text).toContain('12.3 published, 0 received, 0 delivered');
    expect(text).toContain('20.0 GB of 32.0 GB free, 1.5 kB/s written, 900 B a message');
    expect(text).toContain(
      'mmcblk0, 32.0 GB, 20% worn: lasts 5 years at 50.0 kB/s by all, 1.5 kB/s by sedge (over 24 h)',
    );
    expect(text).toContain('problems    none, 0 alerts firing');
    expect(text).toMatch(/^barn +up +12 ms +0 +0 +-/m);
    expect(text).toMatch(/^main +0 +0 +0 +100 +20.0 kB/m);
  });

  it('fits every terminal, however small, with no line too long and none wrapped', () => {
    const peers = Array.from({ length: 50 }, (_, n) => samplePeer(`a-peer-with-a-long-name-${n}`));
    const channels = Array.from({ length: 40 }, (_, n) => sampleChannel(`channel-${n}`));
    const figures = sampleFigures({ peers, channels });
    for (const [width, height] of [
      [20, 5],
      [40, 10],
      [80, 24],
      [200, 60],
      [1, 1],
    ] as const) {
      for (const help of [false, true]) {
        const frame = topFrame(figures, { width, height, keys: { ...KEYS, help }, ink: ANSI_INK });
        expect(frame.length).toBeLessThanOrEqual(height);
        for (const line of frame)
          expect([...stripVTControlCharacters(line)].length).toBeLessThanOrEqual(width);
      }
    }
  });

  it('counts what has no room, and shows some of both', () => {
    const peers = Array.from({ length: 50 }, (_, n) => samplePeer(`peer-${n}`));
    const channels = Array.from({ length: 40 }, (_, n) => sampleChannel(`channel-${n}`));
    const text = topFrame(sampleFigures({ peers, channels }), SIZE).join('\n');
    expect(text.match(/^and \d+ more/gm)).toHaveLength(2);
    expect(text).toContain('peer-0');
    expect(text).toContain('channel-0');
  });

  it('puts first who loses something first, names, or what is large, as asked', () => {
    const backlog = { channel: 'main', missingHere: 0, missingThere: 50, lossInMs: 7_200_000, lossBy: 'age' };
    const peers = [
      samplePeer('ann'),
      samplePeer('bea', { missingThere: 90 }),
      samplePeer('cy', { missingThere: 50, lossInMs: 7_200_000, backlog: [backlog as never] }),
    ];
    const channels = [
      sampleChannel('alarm', { received: { total: 9, perSecond: 5 } }),
      sampleChannel('bulk', { bytes: 5e6 }),
      sampleChannel('main'),
    ];
    const order = (sort: TopKeys['sort']) => {
      const text = topFrame(sampleFigures({ peers, channels }), { ...SIZE, keys: { sort, help: false } });
      const first = (names: RegExp) => text.find((line) => names.test(line))!.split(' ')[0];
      return [first(/^(ann|bea|cy) /), first(/^(alarm|bulk|main) /)];
    };
    expect(order('busy')).toEqual(['cy', 'alarm']);
    expect(order('name')).toEqual(['ann', 'alarm']);
    expect(order('size')).toEqual(['bea', 'bulk']);
    const text = topFrame(sampleFigures({ peers, channels }), SIZE).join('\n');
    expect(text).toContain('2 h (main, by age)');
  });

  it('says problems in red or yellow, and nothing in colour without', () => {
    const alarm = [{ code: 'fork', severity: 'alarm', sentence: 'A key is used twice.', next: '' }];
    const coloured = topFrame(sampleFigures({}, alarm), { ...SIZE, ink: ANSI_INK }).join('\n');
    expect(coloured).toContain('\u001b[1;31m1, 0 alerts firing: A key is used twice.\u001b[0m');
    expect(topFrame(sampleFigures({}, alarm), { ...SIZE, ink: NO_INK }).join('\n')).not.toContain('\u001b');
    expect(inkFor({ NO_COLOR: '1' })).toBe(NO_INK);
    expect(inkFor({ TERM: 'dumb' })).toBe(NO_INK);
    expect(inkFor({ TERM: 'xterm', NO_COLOR: '' })).toBe(ANSI_INK);
  });

  it('lets no control character of a name reach the terminal', () => {
    const peers = [samplePeer('evil\u001b[2Jname\r\n')];
    const problems = [{ code: 'x', severity: 'warning', sentence: 'bad \u0007\u001b]0;title', next: '' }];
    const text = topFrame(sampleFigures({ peers }, problems), SIZE).join('');
    expect(text).not.toMatch(/\p{Cc}/u);
  });

  it('says that the agent does not answer, over figures that are old', () => {
    const frame = topFrame(sampleFigures(), { ...SIZE, notice: 'the agent does not answer' });
    expect(frame.at(-1)).toBe('the agent does not answer');
    expect(frame.join('\n')).toContain('barn');
  });
});

describe('how long a card lasts', () => {
  it('is not told before it is known, nor to the year beyond what an estimate can know', () => {
    const { card } = sampleFigures().telemetry;
    expect(cardText({ ...card, remainingSeconds: null, wornFraction: null })).toBe(
      'mmcblk0, 32.0 GB: not known yet how long it lasts',
    );
    expect(cardText({ ...card, remainingSeconds: 1e12 })).toContain('lasts over 50 years');
    expect(cardText({ ...card, device: null, writtenBy: 'agent' })).toMatch(/^disk.*at 50\.0 kB\/s by sedge/);
  });
});

describe('keys', () => {
  it('sort, ask for help, look again and quit', () => {
    expect(pressKeys(KEYS, 'z')).toEqual({ state: { sort: 'size', help: false }, action: 'draw' });
    expect(pressKeys(KEYS, 's').state.sort).toBe('name');
    expect(pressKeys({ ...KEYS, sort: 'size' }, 's').state.sort).toBe('busy');
    expect(pressKeys(KEYS, '?').state.help).toBe(true);
    expect(pressKeys({ ...KEYS, help: true }, 'x')).toEqual({ state: KEYS, action: 'draw' });
    expect(pressKeys(KEYS, ' ').action).toBe('read');
    for (const quit of ['q', 'Q', '\u0003', '\u0004']) expect(pressKeys(KEYS, quit).action).toBe('quit');
    expect(pressKeys(KEYS, '\u001a').action).toBe('suspend');
    expect(pressKeys(KEYS, '\u001b[A').action).toBe('nothing');
    expect(pressKeys(KEYS, 'constructor').action).toBe('nothing');
  });
});

describe('a line where there is no terminal', () => {
  it('has the figures with their units', () => {
    const peers = [samplePeer('barn', { missingThere: 1_234, lossInMs: 100 }), samplePeer('house')];
    expect(plainLine(sampleFigures({ peers }))).toBe(
      '2026-11-26T02:26:40Z  published 12.3/s  received 0/s  delivered 0/s  peers 2/2  lacking 1,234  loss now  ' +
        'held 20.0 kB  written 1.5 kB/s  free 20.0 GB  cpu 3.4%  memory 96.0 MB  lag 2 ms  problems 0  alerts 0\n',
    );
  });

  it('is the telemetry as an object, with the node, for programs', () => {
    const figures = sampleFigures();
    expect(plainRecord(figures)).toEqual({
      node: '12D3KooWgateway',
      name: 'gateway',
      problems: 0,
      alertsFiring: 0,
      ...figures.telemetry,
    });
  });
});
