import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { bridgesText } from '../../../../node/commands/status.ts';
import {
  gatherSettings,
  resolveSettings,
  SETTING_TEXTS,
  settingText,
} from '../../../../node/config/index.ts';
import { newBridgeCounters } from '../../../../node/gateways/mqtt-bridge/bridge-counters.ts';
import { cameBy, outgoingMarks, readMarks } from '../../../../node/gateways/mqtt-bridge/bridge-mark.ts';
import { readBridges } from '../../../../node/gateways/mqtt-bridge/bridge-options.ts';
import {
  progressToJson,
  readAnnouncement,
  readProgress,
} from '../../../../node/gateways/mqtt-bridge/bridge-talk.ts';
import { filtersMeet, imageOf, rewriteTopic } from '../../../../node/gateways/mqtt-bridge/topic-rule.ts';

const GOOD = { name: 'cloud', url: 'mqtts://broker.example', out: [{ filter: 'site/#', to: 'farm/' }] };
const reasonOf = (...bridges: readonly unknown[]): string => {
  const read = readBridges(bridges);
  return read.ok ? 'good' : read.reason;
};

describe('a rule', () => {
  test.each([
    ['site/#', 'farm/1', 'site/a/b', 'farm/1/a/b'],
    ['site/#', 'farm/1', 'site', 'farm/1'],
    ['site/+/t', 'x', 'site/a/t', 'x/a/t'],
    ['#', 'all', 'a/b', 'all/a/b'],
    ['a/b', 'c', 'a/b', 'c'],
    ['site/#', '', 'site/a', 'a'],
    ['site/#', null, 'site/a', 'site/a'],
  ])('%s to %s makes %s into %s', (filter, to, topic, other) => {
    expect(rewriteTopic({ filter, to }, topic)).toBe(other);
  });

  test('has a filter for all that it makes', () => {
    expect(imageOf({ filter: 'site/+/t', to: 'x' })).toBe('x/+/t');
    expect(imageOf({ filter: 'site/#', to: '' })).toBe('#');
  });

  test.each([
    ['a/#', 'a', true],
    ['a', 'a/#', true],
    ['a/#', 'b/#', false],
    ['+/x', 'a/+', true],
    ['+/x', 'a/y', false],
    ['a/b', 'a/b/c', false],
    ['a/+', 'a', false],
    ['#', 'x/y', true],
  ])('filters %s and %s meet: %s', (a, b, meet) => {
    expect([filtersMeet(a, b), filtersMeet(b, a)]).toEqual([meet, meet]);
  });
});

describe('the setting', () => {
  test('is filled in with what holds where nothing is said', () => {
    const read = readBridges([GOOD]);
    expect(read).toMatchObject({
      ok: true,
      value: [{ version: 5, qos: 1, keepAliveSeconds: 30, in: [], out: [{ filter: 'site/#', to: 'farm' }] }],
    });
  });

  test.each<[string, object, RegExp]>([
    ['a password', { password: 'x' }, /bridge 1: .*passwordFile/],
    ['a password in the url', { url: 'mqtt://u:p@h' }, /cloud, url: .*passwordFile/],
    ['another scheme', { url: 'http://h' }, /cloud, url/],
    ['a strange key', { topics: [] }, /no key "topics"/],
    ['a bad name', { name: 'A b' }, /bridge 1, name/],
    ['no rules', { out: [] }, /no rules/],
    ['a bad filter', { out: [{ filter: 'a/#/b' }] }, /cloud, out/],
    ['a filter of $', { in: [{ filter: '$SYS/#' }] }, /cloud, in/],
    ['a prefix with a wildcard', { in: [{ filter: 'a', to: '+' }] }, /cloud, in, a: "to"/],
    ["the bridges' own topics", { in: [{ filter: 'x/#', to: 'bridges/cloud' }] }, /bridges' own/],
    ['filters that overlap', { in: [{ filter: 'a/#' }, { filter: 'a/b' }] }, /overlaps/],
    ['echoes without version 5', { version: '3.1.1', in: [{ filter: 'farm/x' }] }, /needs version 5/],
    ['another version', { version: 6 }, /version: it must be 5 or 3.1.1/],
    ['QoS 0', { qos: 0 }, /qos/],
    ['a keep-alive of 1 s', { keepAliveSeconds: 1 }, /keepAliveSeconds/],
    ['certificates without TLS', { url: 'mqtt://h', ca: 'x' }, /mqtts/],
    ['a certificate without its key', { cert: 'x' }, /belong together/],
    ['a password for nobody', { passwordFile: 'x' }, /username/],
  ])('is refused with %s, and says where', (_what, change, reason) => {
    expect(reasonOf({ ...GOOD, ...change })).toMatch(reason);
  });

  test('takes 3.1.1 where topics differ, as text and as the number of the protocol', () => {
    expect(reasonOf({ ...GOOD, version: '3.1.1', in: [{ filter: 'orders/#' }] })).toBe('good');
    expect(reasonOf({ ...GOOD, version: 4 })).toBe('good');
  });

  test('is refused with a name twice, and where it is no list', () => {
    expect(reasonOf(GOOD, GOOD)).toMatch(/same name/);
    expect(readBridges({}).ok).toBe(false);
  });
});

describe('the samples', () => {
  const page = readFileSync(new URL('../../../../docs/mqtt-bridge.md', import.meta.url), 'utf8');
  const samples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);

  test('of the guide are right', () => {
    expect(samples).toHaveLength(3);
    for (const text of samples)
      expect(reasonOf(...(parse(text) as { bridges: unknown[] }).bridges)).toBe('good');
  });

  test('of "sedge config example" is right, and shown without its user', async () => {
    const { example } = SETTING_TEXTS.bridges;
    const read = readBridges((parse(example) as { bridges: unknown }).bridges);
    expect(read.ok && settingText('bridges', read.value)).toBe('cloud (mqtts://broker.example:8883)');
  });
});

test('a mistake in the file is told with its line, the bridge and the key', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sedge-bridges-'));
  await writeFile(
    join(directory, 'sedge.yaml'),
    'name: a\nbridges:\n  - { name: cloud, url: "mqtt://h", out: [{ filter: "a/#/b" }] }\n',
  );
  const { mistakes } = await gatherSettings(directory, {});
  await rm(directory, { recursive: true });
  expect(mistakes).toMatchObject([
    { line: 2, key: 'bridges', reason: expect.stringMatching(/^bridge cloud, out: /) },
  ]);
});

test('the environment has bridges as JSON, the command line before it', async () => {
  const text = (name: string) => JSON.stringify([{ ...GOOD, name }]);
  const settings = await resolveSettings('/nowhere', {}, { SEDGE_BRIDGES: text('env') });
  expect(settings.bridges).toMatchObject([{ name: 'env' }]);
  await expect(resolveSettings('/nowhere', {}, { SEDGE_BRIDGES: '{' })).rejects.toThrow(/SEDGE_BRIDGES/);
});

test('the status has a line for each bridge, and its alarms', () => {
  const link = { connected: false, connections: 0, reason: 'no route' };
  const counters = newBridgeCounters();
  const bridge = { url: 'mqtt://h', carrier: null, session: null, waiting: 7, counters, alarms: [] };
  const text = bridgesText([
    { ...bridge, name: 'one', role: 'no-link', link },
    { ...bridge, name: 'two', role: 'carrier', link, alarms: ['messages go round'] },
  ]);
  expect(text).toMatch(/one +mqtt:\/\/h +no route +0 +0 +7/);
  expect(text).toContain('  ALARM two: messages go round\n');
  expect(bridgesText([])).toBe('');
});

describe('the marks', () => {
  test('tell what went out of this realm before', () => {
    expect(readMarks([['sedge-path', 'other mine']], 'mine')).toEqual({ kind: 'echo' });
    expect(readMarks([['sedge-path', 'other']], 'mine')).toMatchObject({ kind: 'take', path: 'other' });
  });

  test('tell what has gone round for ever', () => {
    const path = Array.from({ length: 8 }, (_, index) => `r${index}`).join(' ');
    expect(readMarks([['sedge-path', path]], 'mine')).toEqual({ kind: 'loop' });
  });

  test('cannot be forged by a client of the broker', () => {
    const mark = readMarks(
      [
        ['bridge', 'x'],
        ['bridge-id', 'y'],
        ['sedge-id', 'z'],
        ['unit', 'C'],
      ],
      'mine',
    );
    expect(mark).toEqual({ kind: 'take', path: null, userProperties: [['unit', 'C']] });
  });

  test('are taken off on the way out, and the realm is added to the path', () => {
    const marks = outgoingMarks({ bridge: 'b', 'bridge-id': '1.x', 'sedge-path': 'r1', unit: 'C' }, 'mine');
    expect(marks).toEqual({ headers: { unit: 'C' }, path: 'r1 mine' });
    expect([cameBy({ bridge: 'b' }, 'b'), cameBy({ bridge: 'c' }, 'b'), cameBy(undefined, 'b')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('what nodes tell each other', () => {
  const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  const SAID = { node: 'a', run: 'r', n: 1, linked: true, carrying: false };

  test('is taken from the node that it speaks of alone', () => {
    expect(readAnnouncement(bytes(SAID), 'a')).toEqual(SAID);
    expect(readAnnouncement(bytes(SAID), 'b')).toBeNull();
  });

  test.each([['{'], ['null'], ['[]'], [{ ...SAID, n: -1 }], [{ ...SAID, linked: 1 }], [{ ...SAID, run: 7 }]])(
    'is nothing where it is malformed: %j',
    (value) => {
      expect(readAnnouncement(bytes(value), 'a')).toBeNull();
    },
  );

  test('carries how far logs went', () => {
    const reach = { author: 'a', channel: 'main', epoch: 'e', seq: 9, holes: [[2, 3]] as const };
    expect(readProgress(bytes(JSON.stringify(progressToJson([reach]))))).toEqual([reach]);
    for (const row of [7, ['a'], ['a', 'm', 'e', -1, []], ['a', 'm', 'e', 1, [[1]]]]) {
      expect(readProgress(bytes({ logs: [row] }))).toBeNull();
    }
  });
});
