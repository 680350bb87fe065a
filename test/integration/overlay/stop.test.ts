import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('start-and-stop.ts', import.meta.url));

it('leaves nothing open after a stop: the process ends by itself', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 20_000 });
  const { lingeredMs } = JSON.parse(stdout) as { lingeredMs: number };
  expect(lingeredMs).toBeLessThan(1_000);
});
