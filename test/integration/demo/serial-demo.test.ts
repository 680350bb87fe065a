import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWith } from '../../firmware/toolchain.ts';
import { runNode } from '../run-node.ts';

describeWith(['gcc'], 'the serial demo', () => {
  const before = { TMPDIR: process.env.TMPDIR, CC: process.env.CC };
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sedge-it-'));
    process.env.TMPDIR = directory;
  });
  afterEach(async () => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await rm(directory, { recursive: true, force: true });
  });

  const leftovers = async (): Promise<string[]> =>
    (await readdir(directory)).filter((name) => name.startsWith('sedge-'));

  it('delivers each reading once or reports it as lost, and leaves nothing behind', async () => {
    const words = ['demo', 'serial', '--readings', '1200', '--rate', '50', '--noise', '0.3', '--json'];
    const { exitCode, stdout, stderr } = await runNode(['node/main.js', ...words]);
    expect(stderr).toBe('');
    const summary = JSON.parse(stdout) as Record<string, number>;
    expect(summary).toMatchObject({
      perfect: true,
      duplicated: 0,
      unreportedLost: 0,
      foreign: 0,
      unplugged: 2,
      resets: 1,
      killed: 1,
      problems: [],
    });
    expect(summary.sent).toBeGreaterThan(1_000);
    expect(summary.delivered! + summary.reportedLost!).toBe(summary.sent);
    expect(summary.delivered).toBeGreaterThan(600);
    expect(summary.badFrames).toBeGreaterThan(0);
    expect(summary.reconnects).toBeGreaterThanOrEqual(4);
    expect(exitCode).toBe(0);
    expect(await leftovers()).toEqual([]);
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const { exitCode } = await runNode(['node/main.js', 'demo', 'serial'], { interruptMs: 4_000 });
    expect(exitCode).toBe(1);
    expect(await leftovers()).toEqual([]);
  });

  it('says what to install where there is no C compiler', async () => {
    process.env.CC = join(directory, 'no-such-compiler');
    const { exitCode, stderr } = await runNode(['node/main.js', 'demo', 'serial']);
    expect(stderr).toContain('sudo apt install build-essential');
    expect(exitCode).toBe(1);
    expect(await leftovers()).toEqual([]);
  });
});
