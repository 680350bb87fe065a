import { expect, it } from 'vitest';
import { runKillRounds } from './kill-rounds.ts';

it('loses and repeats nothing over 10 kills of a publishing process', async () => {
  const report = await runKillRounds(10);
  expect(report.rounds).toBe(10);
  console.log(JSON.stringify(report));
});
