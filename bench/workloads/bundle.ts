import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentStart } from '../../node/demo/agent-process.ts';
import { buildPackage } from '../../packaging/build-package.ts';
import type { BenchRun, Workload } from '../bench-run.ts';
import { makeRealm } from '../make-realm.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import { cpuSeconds, HAS_PROCESS_FIGURES, residentBytes } from '../process-figures.ts';
import { type Figures, summarise } from '../workload.ts';

/** After this, what start-up left behind is collected. */
const IDLE_MS = 10_000;
/** HTTP with dashboard and metrics, and MQTT. */
const ALL_ON = { http: '0', mqtt: '0' };

/**
 * bundle: what W4 measures, of the package that people install beside the sources, with MQTT, HTTP, dashboard and metrics off
 * and on, and as the service starts it.
 */
export const measureBundle: Workload = async (run) => {
  run.progress('bundle: building the package');
  const built = run.stage.directory();
  await buildPackage(built, { types: false });
  const main = join(built, 'node/main.js');
  const service = { MALLOC_ARENA_MAX: '2' };
  const variants: readonly (readonly [string, Partial<AgentStart>])[] = [
    ['unbuilt', {}],
    ['bundle', { main }],
    ['unbuilt-all-on', ALL_ON],
    ['bundle-all-on', { main, ...ALL_ON }],
    ['service-all-on', { main, ...ALL_ON, env: service }],
  ];
  const results = [];
  for (const [variant, start] of variants) {
    const figures: Figures[] = [];
    // The first start of each compiles and is none of the runs.
    for (let round = 0; round <= run.runs; round++) {
      run.progress(`bundle ${variant}, run ${round} of ${run.runs}`);
      const figure = await oneRun(run, start, round === 0 ? 0 : IDLE_MS);
      if (round > 0) figures.push(figure);
      await run.stage.clear();
    }
    results.push(summarise({ workload: 'bundle', variant }, figures, 'readyMs'));
  }
  return results;
};

async function oneRun(run: BenchRun, start: Partial<AgentStart>, idleMs: number): Promise<Figures> {
  const directory = run.stage.directory();
  await makeRealm([directory]);
  const startedAtMs = monotonicMs();
  const agent = run.stage.agent({ directory, peers: [], ...start });
  await agent.ready();
  const readyMs = monotonicMs() - startedAtMs;
  if (!HAS_PROCESS_FIGURES) return { readyMs };
  const cpuSecondsNear = await cpuSeconds(agent.pid);
  await sleep(run.isQuick ? idleMs / 5 : idleMs);
  return { readyMs, cpuSecondsNear, residentMB: (await residentBytes(agent.pid)) / 1e6 };
}
