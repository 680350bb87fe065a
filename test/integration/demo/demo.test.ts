import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runNode } from '../run-node.ts';

describe('the demo', () => {
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

  /** Directories of the demo; Node's own cache of compiled code may stay. */
  const leftovers = async (): Promise<string[]> =>
    (await readdir(directory)).filter((name) => name.startsWith('sedge-'));

  it('brings every reading to the far end once, in order and verified, and leaves nothing behind', async () => {
    const { exitCode, stdout, stderr } = await runNode(['node/main.js', 'demo', '--json']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      perfect: true,
      published: 97_602,
      delivered: 97_602,
      verified: 97_602,
      lost: 0,
      duplicated: 0,
      outOfOrder: 0,
      gaps: 0,
      killed: 1,
      cuts: 1,
      neighbours: { A: ['B'], D: ['C'] },
    });
    expect(exitCode).toBe(0);
    expect(await leftovers()).toEqual([]);
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const { exitCode } = await runNode(['node/main.js', 'demo'], { interruptMs: 2_500 });
    expect(exitCode).toBe(1);
    expect(await leftovers()).toEqual([]);
  });
});
