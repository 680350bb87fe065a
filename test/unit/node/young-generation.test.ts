import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MODULE = new URL('../../../node/young-generation.ts', import.meta.url).href;
const MiB = 1_048_576;

/** Allocates as a busy node does, in short tasks, of which some lives on; prints the most that the young generation took. */
const CHURN = `
import { getHeapSpaceStatistics } from 'node:v8';
import { limitYoungGeneration } from '${MODULE}';
if (process.argv[1] === 'limited') limitYoungGeneration();
let [kept, most, rounds] = [[], 0, 0];
function round() {
  for (let i = 0; i < 5_000; i++) kept.push({ i, pair: [i, i] });
  if (kept.length > 100_000) kept = kept.slice(50_000);
  most = Math.max(most, getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);
  if (++rounds < 2_000) setImmediate(round);
  else console.log(most);
}
round();
`;

async function mostYoungBytes(mode: 'limited' | 'as-is'): Promise<number> {
  const args = ['--input-type=module', '--eval', CHURN, mode];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}

test('the young generation stays small, whatever is allocated', async () => {
  const [limited, asIs] = [await mostYoungBytes('limited'), await mostYoungBytes('as-is')];
  expect(limited).toBeGreaterThanOrEqual(4 * MiB);
  // It is looked at after each collection: it may have grown by a step more meanwhile.
  expect(limited).toBeLessThanOrEqual(32 * MiB);
  expect(asIs).toBeGreaterThan(32 * MiB);
});
