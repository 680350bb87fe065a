import { describe, expect, it } from 'vitest';
import { runScenario, SCENARIOS } from '../../simulations/index.ts';

/** Nodes where a scenario's own number takes long; `npm run test:long` takes that. */
const NODES: Readonly<Record<string, number>> = { 'week-long-partition': 6 };
const ON_LIBP2P = ['two-way-partition', 'crash-during-append', 'late-joiner-behind-a-sync-only-relay'];

describe('scenarios on the model overlay', () => {
  it.each(SCENARIOS)('$name: $summary', async (scenario) => {
    const run = await runScenario(scenario, { seed: 1, overlay: 'model', nodes: NODES[scenario.name] });
    expect(run.violations).toEqual([]);
    expect(run.published).toBeGreaterThan(0);
  });
});

describe('scenarios on libp2p and gossipsub', () => {
  it.each(SCENARIOS.filter(({ name }) => ON_LIBP2P.includes(name)))('$name: $summary', async (scenario) => {
    expect(scenario.overlays).toContain('libp2p');
    const run = await runScenario(scenario, { seed: 1, overlay: 'libp2p' });
    expect(run.violations).toEqual([]);
  });
});
