import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../node/cli.ts';
import type { HistoryEvent } from '../../simulations/index.ts';

const TRACE = 'farm ferry 60 600\nferry town 3600 4200\nfarm ferry 7200 7800\nferry town 10800 11400\n';

let directory: string;
let out: string;
let err: string;

function sink(take: (text: string) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      take(chunk.toString());
      done();
    },
  });
}

/** Runs `sedge simulate`; resolves with its exit code. */
async function simulate(...words: readonly string[]): Promise<number> {
  out = '';
  err = '';
  const io = {
    stdin: Readable.from([]),
    stdout: sink((text) => {
      out += text;
    }).setMaxListeners(0),
    stderr: sink((text) => {
      err += text;
    }).setMaxListeners(0),
    env: { SEDGE_DIR: directory },
    nowMs: () => 0,
  };
  const code = await runCli(['simulate', ...words], io);
  // Each run waits for signals of its own.
  process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM');
  return code;
}

async function fileOf(name: string, text: string): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, text);
  return file;
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-simulate-'));
});

afterEach(() => rm(directory, { recursive: true }));

describe('scenarios', () => {
  test('are not played where the report cannot be written', async () => {
    const report = join(directory, 'missing', 'report.html');
    expect(await simulate('two-way-partition', '--overlay', 'model', '--report', report)).toBe(1);
    expect(out).toBe('');
    expect(err).toContain(report);
  });

  test('are played with each seed, a row each', async () => {
    expect(await simulate('two-way-partition', '--seeds', '2', '--overlay', 'model')).toBe(0);
    const rows = out.trim().split('\n');
    expect(rows[0]).toMatch(/^SCENARIO\s+OVERLAY\s+SEED/);
    expect(rows.slice(1).map((row) => row.split(/\s+/).slice(0, 3))).toEqual([
      ['two-way-partition', 'model', '1'],
      ['two-way-partition', 'model', '2'],
    ]);
  });

  test('come as an object each with --json, the same digest for the same seed', async () => {
    const line = ['two-way-partition', '--overlay', 'model', '--seed', '5', '--json'];
    expect(await simulate(...line)).toBe(0);
    const first = JSON.parse(out);
    expect(first).toMatchObject({
      scenario: 'two-way-partition',
      seed: 5,
      overlay: 'model',
      ok: true,
      violations: [],
    });
    expect(first.delivered).toBe(first.published * first.nodes);
    expect(await simulate(...line)).toBe(0);
    expect(JSON.parse(out).digest).toBe(first.digest);
    expect(err).toBe('');
  });

  test('are written to a report that holds each run', async () => {
    const report = join(directory, 'run.html');
    expect(
      await simulate('two-way-partition', '--seeds', '2', '--overlay', 'model', '--report', report),
    ).toBe(0);
    const data = /id="runs">(.*?)<\/script>/s.exec(await readFile(report, 'utf8'))![1]!;
    const { runs } = JSON.parse(data);
    expect(runs.map((run: { seed: number }) => run.seed)).toEqual([1, 2]);
    expect(runs[0].replay).toBe('npx sedge simulate two-way-partition --seed 1 --overlay model');
    expect(runs[0].convergence[0].seconds).toBeGreaterThan(0);
    expect(runs[0].bytes.map(({ name }: { name: string }) => name)).toContain('gossip');
    expect(err).toContain('The report is in');
  });

  test('that do not exist end in exit code 2, with the nearest name', async () => {
    expect(await simulate('two-way-partitoin')).toBe(2);
    expect(err).toContain('nearest: two-way-partition');
    expect(err).toContain('sedge simulate --list');
  });

  test('are listed', async () => {
    expect(await simulate('--list')).toBe(0);
    expect(out).toMatch(/^two-way-partition /m);
  });
});

describe('contacts', () => {
  test('are replayed and held to what they make possible', async () => {
    const contacts = await fileOf('meetings.txt', TRACE);
    expect(await simulate('--contacts', contacts, '--messages', '9', '--interval', '600')).toBe(0);
    expect(out).toMatch(/^deliverable +\d+$/m);
    expect(out).toMatch(/^missing +0$/m);
    expect(out).toContain('Delivered is exactly what the contacts make possible.');
  });

  test('leave a history in which everything has its trace time, in order', async () => {
    const contacts = await fileOf('meetings.txt', TRACE);
    const publish = await fileOf('messages.txt', '30 farm site/temp 21.5\n90 town order two bags\n');
    const history = join(directory, 'history.ndjson');
    expect(await simulate('--contacts', contacts, '--publish', publish, '--history', history, '--json')).toBe(
      0,
    );
    expect(JSON.parse(out)).toMatchObject({ ok: true, nodes: 3, contacts: 4, published: 2, missing: 0 });
    const events = (await readFile(history, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as HistoryEvent);
    const times = events.map(({ t }) => t);
    expect(times).toEqual([...times].sort((x, y) => x - y));
    const told = (kind: string) => events.filter(({ event }) => event === kind);
    expect(told('up').map(({ t, node, peer }) => [t, node, peer])).toEqual([
      [60, 'farm', 'ferry'],
      [3_600, 'ferry', 'town'],
      [7_200, 'farm', 'ferry'],
      [10_800, 'ferry', 'town'],
    ]);
    expect(told('down').map(({ t }) => t)).toEqual([600, 4_200, 7_800, 11_400]);
    expect(told('publish').map(({ t, node, topic }) => [t, node, topic])).toEqual([
      [30, 'farm', 'site/temp'],
      [90, 'town', 'order'],
    ]);
    const reached = told('delivery').map(({ t, node, author }) => `${author} ${node} ${Math.floor(t)}`);
    expect(reached.sort()).toEqual([
      'farm farm 30',
      'farm ferry 60',
      'farm town 3600',
      'town farm 7200',
      'town ferry 3600',
      'town town 90',
    ]);
    expect(told('delivery')[0]).toMatchObject({ author: 'farm', channel: 'main', seq: 1, late: false });
  });

  test('are drawn in a report', async () => {
    const contacts = await fileOf('meetings.txt', TRACE);
    const report = join(directory, 'run.html');
    const line = ['--contacts', contacts, '--messages', '9', '--interval', '600', '--report', report];
    expect(await simulate(...line)).toBe(0);
    const html = await readFile(report, 'utf8');
    expect(html).toContain('--messages 9 --interval 600 --seed 1');
    const { runs } = JSON.parse(/id="runs">(.*?)<\/script>/s.exec(html)![1]!);
    expect(runs[0].messages.at(-1)).toMatchObject({ name: 'missing' });
    expect(runs[0].messages.at(-1).values.at(-1)).toBe(0);
  });

  test('with a line that cannot be used end in exit code 2, with its number', async () => {
    const contacts = await fileOf('meetings.txt', 'farm ferry 60 600\nferry town 9 5\n');
    expect(await simulate('--contacts', contacts, '--messages', '9', '--interval', '600')).toBe(2);
    expect(err).toContain('meetings.txt, line: 2, reason: the end, 5, is before the start, 9');
    const good = await fileOf('good.txt', TRACE);
    const publish = await fileOf('messages.txt', '30 boat site/temp 21.5\n');
    expect(await simulate('--contacts', good, '--publish', publish)).toBe(2);
    expect(err).toContain('line: 1, reason: the trace has no node "boat"');
  });

  test.each([
    [['--contacts', 'x'], /give one of --messages N and --publish FILE/],
    [['--contacts', 'x', '--messages', '5'], /--messages N and --interval S go together/],
    [['--contacts', 'x', 'two-way-partition', '--messages', '5'], /goes without names of scenarios/],
    [['--contacts', 'x', '--all'], /goes without --all/],
    [['two-way-partition', '--history', 'x'], /--history goes with --contacts/],
    [[], /give names of scenarios, or --all/],
    [['two-way-partition', '--all'], /--all goes without names of scenarios/],
    [['two-way-partition', '--seeds', '0'], /whole number from 1/],
    [['--contacts', 'x', '--messages', '5', '--interval', 'soon'], /number of seconds/],
  ])('%j is a usage error', async (words, reason) => {
    expect(await simulate(...words)).toBe(2);
    expect(err).toMatch(reason);
  });

  test('in a file that is not there are told of', async () => {
    expect(await simulate('--contacts', join(directory, 'none'), '--messages', '5', '--interval', '1')).toBe(
      1,
    );
    expect(err).toMatch(/The input cannot be read .*none/);
  });
});
