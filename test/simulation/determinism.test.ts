import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { stormyWeek } from './stormy-week.ts';

const run = promisify(execFile);
const WEEK = fileURLToPath(new URL('./stormy-week.ts', import.meta.url));

async function digestOf(seed: number): Promise<string> {
  const mesh = await stormyWeek(seed);
  await mesh.stop();
  return mesh.digest();
}

describe('the seed of a simulated mesh', () => {
  it('gives the same history again, in another process too', async () => {
    const first = await digestOf(7);
    expect(await digestOf(7)).toBe(first);
    const { stdout } = await run(process.execPath, [WEEK, '7']);
    expect(stdout.trim()).toBe(first);
  });

  it('gives other histories where it is another', async () => {
    const digests = await Promise.resolve([
      await digestOf(1),
      await digestOf(2),
      await digestOf('2' as never),
    ]);
    expect(digests[0]).not.toBe(digests[1]);
    expect(digests[1]).toBe(digests[2]);
  });
});
