import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAgent } from '../../../node/control/client/index.ts';
import { objects, Sedge } from './sedge-process.ts';

const sedge = new Sedge();
let farm: string;
let barn: string;
let stick: string;

const exportTo = (directory: string, ...argv: string[]) =>
  sedge.run(directory, ['export', ...argv, '--json']);
const importFrom = (directory: string, file: string) => sedge.run(directory, ['import', file, '--json']);
const exported = (text: string) => objects(text)[0]?.exported as Record<string, number>;
const imported = (text: string) => objects(text)[0]?.imported as Record<string, unknown>;

/** Two machines of a realm that never see each other, and a stick. */
beforeAll(async () => {
  farm = await sedge.directory();
  barn = await sedge.directory();
  stick = await sedge.directory();
  await sedge.run(farm, ['init', 'farm', '--name', 'gateway']);
  await sedge.startAgent(farm, '--no-discovery');
  const invite = await sedge.run(farm, ['invite']);
  await sedge.run(barn, ['join', '-', '--name', 'barn'], invite.stdout);
  await sedge.run(farm, ['pub', 'site/temp', '-l'], '21.5\n21.6\n21.7\n');
}, 60_000);

afterAll(() => sedge.cleanUp());

describe('a stick between two machines that never meet', () => {
  test('brings messages to a directory without an agent, and to one with it', async () => {
    const file = join(stick, 'farm.sedge');
    const out = await exportTo(farm, file);
    expect(out).toMatchObject({ code: 0, stderr: '' });
    expect(exported(out.stdout)).toMatchObject({ file, messages: 5, expired: 0 });
    expect((await stat(file)).size).toBe(exported(out.stdout)!.bytes);
    const offline = await importFrom(barn, file);
    expect(offline).toMatchObject({ code: 0 });
    expect(imported(offline.stdout)).toMatchObject({ state: 'whole', storedMessages: 5, refused: 0 });
    await sedge.startAgent(barn, '--no-discovery');
    const again = await importFrom(barn, file);
    expect(imported(again.stdout)).toMatchObject({ state: 'whole', stored: 0, refused: 0 });
    const sub = await sedge.run(barn, ['sub', 'site/#', '--from', 'all', '--count', '3', '--wait', '20']);
    expect(sub).toMatchObject({ code: 0, stdout: '21.5\n21.6\n21.7\n' });
  });

  test('takes with --since last what it has not had, and loses nothing that still lies on it', async () => {
    const file = join(stick, 'trip.sedge');
    await exportTo(farm, file);
    await sedge.run(farm, ['pub', 'site/temp', '22.1']);
    // Nobody has taken the first trip's bundle yet: the next replaces it and holds both.
    const both = await exportTo(farm, file, '--since', 'last');
    expect(exported(both.stdout)).toMatchObject({ messages: 6 });
    await sedge.run(farm, ['pub', 'site/temp', '22.2']);
    const taken = join(stick, 'taken.sedge');
    await writeFile(taken, await readFile(file));
    await writeFile(file, '');
    const refused = await exportTo(farm, file, '--since', 'last');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('cli.output');
    await rm(file);
    const increment = await exportTo(farm, file, '--since', 'last');
    // The realm's own messages are always along.
    expect(exported(increment.stdout)).toMatchObject({ messages: 3 });
    await importFrom(barn, taken);
    const summary = imported((await importFrom(barn, file)).stdout);
    expect(summary).toMatchObject({ state: 'whole', stored: 1, stillMissing: 0 });
  });

  test('goes through a pipe', async () => {
    const client = connectAgent({ directory: farm });
    const chunks: Uint8Array[] = [];
    const bundle = client.exportBundle({ channels: ['main'] });
    for await (const chunk of bundle) chunks.push(chunk);
    expect(bundle.summary).toMatchObject({ bytes: Buffer.concat(chunks).length });
    await client.close();
    const summary = await sedge.run(barn, ['import', '-', '--json'], Buffer.concat(chunks));
    expect(imported(summary.stdout)).toMatchObject({ state: 'whole', refused: 0 });
  });

  test('that was pulled out early, or scratched, says so and is imported as far as it goes', async () => {
    const bundle = await readFile(join(stick, 'farm.sedge'));
    const cut = join(stick, 'cut.sedge');
    await writeFile(cut, bundle.subarray(0, bundle.length - 40));
    const truncated = await sedge.run(barn, ['import', cut]);
    expect(truncated).toMatchObject({ code: 5 });
    expect(truncated.stdout).toContain('truncated');
    expect(truncated.stderr).toContain('Import it again');
    const scratched = Buffer.from(bundle);
    scratched[bundle.length - 300]! ^= 1;
    await writeFile(cut, scratched);
    expect(await sedge.run(barn, ['import', cut])).toMatchObject({ code: 5 });
  });

  test('of strangers, or with something else on it, is refused with the next step', async () => {
    const other = await sedge.directory();
    await sedge.run(other, ['init', 'elsewhere']);
    const offline = await exportTo(other, join(stick, 'elsewhere.sedge'));
    expect(exported(offline.stdout)).toMatchObject({ messages: 2 });
    const refused = await sedge.run(other, ['import', join(stick, 'farm.sedge')]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('another realm');
    expect(refused.stderr).toContain('nothing was taken');
    const text = join(stick, 'notes.txt');
    await writeFile(text, 'not for machines');
    expect((await sedge.run(barn, ['import', text])).stderr).toContain('no bundle');
    expect((await sedge.run(barn, ['import', join(stick, 'nothing')])).stderr).toContain('ENOENT');
    const overwrite = await sedge.run(farm, ['export', text]);
    expect(overwrite).toMatchObject({ code: 1 });
    expect(overwrite.stderr).toContain('--force');
    expect(await readFile(text, 'utf8')).toBe('not for machines');
    expect((await sedge.run(farm, ['export', join(stick, 'no', 'such', 'place')])).stderr).toContain(
      'ENOENT',
    );
    expect((await sedge.run(farm, ['export', '-', '--since', 'last'])).code).toBe(2);
    expect((await sedge.run(farm, ['export', 'x', '--since', 'new'])).code).toBe(2);
    expect((await sedge.run(farm, ['export', join(stick, 'x'), '--channel', 'nothing'])).stderr).toContain(
      'sedge channels',
    );
  });
});
