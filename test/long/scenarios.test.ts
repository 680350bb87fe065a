import { describe, expect, it } from 'vitest';
import { runScenario, SCENARIOS } from '../../simulations/index.ts';

/** Seeds of each scenario on the model overlay, but for the long ones; a tenth of them on libp2p. */
const SEEDS = Number(process.env.SEDGE_SEEDS ?? 50);
const FEW_SEEDS: Readonly<Record<string, number>> = { 'week-long-partition': 1 };

const runs = SCENARIOS.flatMap((scenario) =>
  scenario.overlays.map((overlay) => {
    const many = FEW_SEEDS[scenario.name] ?? SEEDS;
    return {
      scenario,
      overlay,
      seeds: overlay === 'model' ? many : Math.ceil(many / 10),
      name: scenario.name,
    };
  }),
);

describe('scenarios with many seeds', () => {
  it.each(runs)('$name on $overlay, $seeds seeds', async ({ scenario, overlay, seeds }) => {
    const failed: unknown[] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      const { ok, violations } = await runScenario(scenario, { seed, overlay });
      if (!ok) failed.push({ seed, violations: violations.slice(0, 3) });
    }
    expect(failed).toEqual([]);
  });
});
