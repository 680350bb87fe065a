import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../../node/cli.ts';
import { resolveSettings, SETTING_KEYS } from '../../../node/config/index.ts';

let directory: string;
let out: string;
let err: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-yaml-'));
});

afterEach(() => rm(directory, { recursive: true }));

async function config(words: readonly string[], env: Record<string, string> = {}): Promise<number> {
  out = '';
  err = '';
  const code = await runCli(['config', ...words], {
    stdin: Readable.from([]),
    stdout: sink((text) => {
      out += text;
    }),
    stderr: sink((text) => {
      err += text;
    }),
    env: { SEDGE_DIR: directory, ...env },
    nowMs: () => 0,
  });
  return code;
}

function sink(take: (text: string) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      take(chunk.toString());
      done();
    },
  }).setMaxListeners(0);
}

function yaml(text: string, name = 'sedge.yaml'): Promise<void> {
  return writeFile(join(directory, name), text);
}

const records = () =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('sedge.yaml', () => {
  test('says what config.json said, in fewer signs', async () => {
    await yaml(
      '# the greenhouse\nlisten:\n  - /ip4/0.0.0.0/tcp/7700\nretention:\n  main: 7d,2GB\nmdns: no # a text\n',
    );
    await expect(resolveSettings(directory, {}, {})).rejects.toThrow(/sedge\.yaml:6, mdns.*true or false/);
    await yaml(
      'listen:\n  - /ip4/0.0.0.0/tcp/7700\nretention:\n  main: 7d,2GB\nmdns: false\nstorageMax: 10GB\n',
    );
    expect(await resolveSettings(directory, {}, {})).toEqual({
      listen: ['/ip4/0.0.0.0/tcp/7700'],
      retention: { main: { retentionSeconds: 604_800, retentionBytes: 2e9 } },
      mdns: false,
      storageMax: 1e10,
    });
  });

  test('may be empty, or nothing but comments', async () => {
    await yaml('# later\n');
    expect(await resolveSettings(directory, {}, {})).toEqual({});
  });

  test('is refused beside a config.json: nobody could tell which counts', async () => {
    await yaml('mdns: false\n');
    await yaml('{}', 'config.json');
    await expect(resolveSettings(directory, {}, {})).rejects.toThrow(
      /config\.json.*there is a sedge\.yaml too/,
    );
  });

  test.each([
    ['mdns: true\nmdns: false\n', /:2/],
    ['mdns: [true\n', /sedge\.yaml:/],
    ['mdns: !!js/function "x"\n', /sedge\.yaml:1/],
    ['- mdns\n', /must hold settings/],
    ['name: *gone\n', /sedge\.yaml:1/],
    [
      `a: &a [x]\n${'b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n'}c: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n`,
      /sedge\.yaml/,
    ],
    ['__proto__: {mdns: false}\n', /"__proto__"/],
  ])('%j is refused with its line', async (text, reason) => {
    await yaml(text);
    await expect(resolveSettings(directory, {}, {})).rejects.toThrow(
      expect.objectContaining({ code: 'agent.bad-config', message: expect.stringMatching(reason) }),
    );
  });
});

describe('sedge config check', () => {
  test('names every mistake with line and key, and what was meant', async () => {
    await yaml('listn: [/ip4/0.0.0.0/tcp/7700]\nmdns: false\ncommitIntervalMs: often\n');
    expect(await config(['check'], { SEDGE_LOG_LEVEL: 'loud' })).toBe(1);
    const lines = err.trim().split('\n');
    expect(lines[0]).toMatch(/sedge\.yaml:1: listn: .*is listen meant/);
    expect(lines[1]).toMatch(/sedge\.yaml:3: commitIntervalMs: .*whole number/);
    expect(lines[2]).toMatch(/^SEDGE_LOG_LEVEL: it must be one of/);
    expect(lines).toHaveLength(3);
    expect(await config(['check', '--json'])).toBe(1);
    expect(records()).toEqual([
      expect.objectContaining({
        good: false,
        mistakes: [
          expect.objectContaining({ key: 'listn', line: 1 }),
          expect.objectContaining({ key: 'commitIntervalMs', line: 3 }),
        ],
      }),
    ]);
  });

  test.each([
    ['mqtt: 0.0.0.0:1883\n', /there are no users: add one with "sedge mqtt user add NAME"/],
    ['mqttTls: 8883\n', /TLS needs a certificate and its key/],
  ])('names what an agent would not start with, though each setting of %j is right', async (text, reason) => {
    await yaml(text);
    expect(await config(['check'])).toBe(1);
    expect(err).toMatch(reason);
    await yaml('mqtt: 0.0.0.0:1883\nmqttAnonymous: true\n');
    expect(await config(['check'])).toBe(0);
  });

  test('says that a file is right, also one elsewhere', async () => {
    await yaml('mdns: false\n', 'new.yaml');
    expect(await config(['check', join(directory, 'new.yaml')])).toBe(0);
    expect(out).toMatch(/new\.yaml is right/);
    expect(await config(['check'])).toBe(0);
    expect(out).toMatch(/no sedge\.yaml/);
    expect(await config(['check', join(directory, 'none.yaml')])).toBe(1);
  });
});

describe('sedge config show', () => {
  test('has each setting with what counts and where it was said', async () => {
    await yaml('name: barn\nmdns: false\nstorageMax: none\n');
    expect(await config(['show', '--json'], { SEDGE_MDNS: 'on' })).toBe(0);
    const byName = new Map(records().map((record) => [record.setting, record]));
    expect([...byName.keys()]).toEqual([...SETTING_KEYS]);
    expect(byName.get('name')).toMatchObject({
      value: 'barn',
      origin: 'file',
      where: expect.stringMatching(/:1$/),
    });
    expect(byName.get('mdns')).toMatchObject({ value: true, origin: 'environment', where: 'SEDGE_MDNS' });
    expect(byName.get('storageMax')).toMatchObject({ value: null, text: 'none', origin: 'file' });
    expect(byName.get('logLevel')).toEqual({
      setting: 'logLevel',
      value: null,
      text: 'info',
      origin: 'default',
    });
  });
});

describe('sedge config example', () => {
  test('prints every setting, and each is right once its # is removed', async () => {
    expect(await config(['example'])).toBe(0);
    const settings = out.replaceAll(/^# \S.*$/gm, '').replaceAll(/^#/gm, '');
    await yaml(settings);
    expect(Object.keys(await resolveSettings(directory, {}, {}))).toEqual([...SETTING_KEYS]);
  });
});
