import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runNode } from '../run-node.ts';

describe('the MQTT demo', () => {
  const before = process.env.TMPDIR;
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sedge-it-'));
    process.env.TMPDIR = directory;
  });
  afterEach(async () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    await rm(directory, { recursive: true, force: true });
  });

  const leftovers = async (): Promise<string[]> =>
    (await readdir(directory)).filter((name) => name.startsWith('sedge-'));

  it('delivers each message once and in order, keeps the last values, and leaves nothing behind', async () => {
    const words = ['demo', 'mqtt', '--readings', '900', '--rate', '100', '--json'];
    const { exitCode, stdout, stderr } = await runNode(['node/main.js', ...words]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      perfect: true,
      sent: 900,
      acknowledged: 900,
      received: 2_700,
      lost: 0,
      duplicated: 0,
      outOfOrder: 0,
      foreign: 0,
      retained: 24,
      retainedWrong: 0,
      killed: 1,
      cuts: 1,
      problems: [],
    });
    expect(exitCode).toBe(0);
    expect(await leftovers()).toEqual([]);
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const { exitCode } = await runNode(['node/main.js', 'demo', 'mqtt'], { interruptMs: 6_000 });
    expect(exitCode).toBe(1);
    expect(await leftovers()).toEqual([]);
  });
});
