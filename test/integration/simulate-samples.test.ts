import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let scratch = '';

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sedge-simulate-'));
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Code blocks of the guide in one language. */
function samplesIn(page: string, language: string): string[] {
  return [...page.matchAll(/^```(\S+)\n(.*?)^```/gms)]
    .filter(([, info]) => info === language)
    .map(([, , code]) => code!);
}

/** Runs a sample in an empty directory, with this Node and this clone. */
async function shell(code: string): Promise<string> {
  const bound = code
    .replaceAll('npx sedge', `"${process.execPath}" "${join(ROOT, 'node/main.js')}"`)
    .replaceAll(/^node /gm, `"${process.execPath}" `);
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', bound], { cwd: scratch, timeout: 100_000 });
  return stdout;
}

it('the samples of docs/simulate.md do what it says, in their order', async () => {
  const page = await readFile(join(ROOT, 'docs/simulate.md'), 'utf8');
  const printed: string[] = [];
  for (const sample of samplesIn(page, 'sh')) printed.push(await shell(sample));
  const [replayed, published, checked, played] = printed;
  expect(replayed).toContain('Delivered is exactly what the contacts make possible.');
  expect(JSON.parse(published!)).toMatchObject({ ok: true, published: 3 });
  expect(checked).toMatch(/^town had site\/farm\/temp of farm after 3600\.\d+ s$/m);
  expect(played).toMatch(/^two-way-partition +libp2p +2 .* ok$/m);
  expect((await stat(join(scratch, 'partition.html'))).size).toBeGreaterThan(10_000);

  const history = (await readFile(join(scratch, 'history.ndjson'), 'utf8')).trim().split('\n');
  const shapes = new Set(history.map(shapeOf));
  const documented = samplesIn(page, 'json').flatMap((sample) => sample.trim().split('\n'));
  expect(documented.length).toBeGreaterThan(2);
  for (const line of documented) expect(shapes).toContain(shapeOf(line));
});

/** What happened and which facts are given, without their values. */
function shapeOf(line: string): string {
  const event = JSON.parse(line) as { event: string };
  return `${event.event}: ${Object.keys(event).join(' ')}`;
}
