import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchRun, variantsOf, type Workload } from '../bench-run.ts';
import { makeRealm } from '../make-realm.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import { HAS_PROCESS_FIGURES, residentBytes } from '../process-figures.ts';
import { type Figures, summarise } from '../workload.ts';

/** After this, what start-up left behind is collected. */
const IDLE_MS = 10_000;

/** W4: how long `sedge start` takes until it is ready, and what the agent holds in memory while it idles. */
export const measureColdStart: Workload = async (run) => {
  if (variantsOf(run, { all: ['agent'] }).length === 0) return [];
  const figures: Figures[] = [];
  for (let round = 1; round <= run.runs; round++) {
    run.progress(`W4 agent, run ${round} of ${run.runs}`);
    figures.push(await oneRun(run));
    await run.stage.clear();
  }
  return [summarise({ workload: 'W4', variant: 'agent' }, figures, 'readyMs')];
};

async function oneRun(run: BenchRun): Promise<Figures> {
  const directory = run.stage.directory();
  await makeRealm([directory]);
  const startedAtMs = monotonicMs();
  const agent = run.stage.agent({ directory, peers: [] });
  await agent.ready();
  const readyMs = monotonicMs() - startedAtMs;
  if (!HAS_PROCESS_FIGURES) return { readyMs };
  await sleep(run.isQuick ? IDLE_MS / 5 : IDLE_MS);
  return { readyMs, residentMB: (await residentBytes(agent.pid)) / 1e6 };
}
