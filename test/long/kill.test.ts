import { expect, it } from 'vitest';
import { runKillRounds } from '../integration/mesh/kill-rounds.ts';

it('loses and repeats nothing over 100 kills of a publishing process', async () => {
  const report = await runKillRounds(100);
  expect(report.rounds).toBe(100);
  console.log(JSON.stringify(report));
});
