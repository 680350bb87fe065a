import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openNode } from '../bench-node.ts';
import { type BenchRun, variantsOf, type Workload } from '../bench-run.ts';
import { makeRealm } from '../make-realm.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import { directoryBytes, HAS_PROCESS_FIGURES, residentBytes } from '../process-figures.ts';
import type { Stage } from '../stage.ts';
import { type Figures, summarise } from '../workload.ts';

const STORED_BYTES = 1_000_000_000;
const PAYLOAD_BYTES = 1_000;
/** Published at once, until there is enough. */
const STEP_MESSAGES = 20_000;
/** After this, what start-up left behind is collected. */
const IDLE_MS = 10_000;

/**
 * stored-1gb: an agent whose journal holds 1 GB of messages of 1,000 bytes, each its own entry: how long it takes to
 * be ready after a clean stop and after kill -9, and how much more memory it holds than an agent with nothing stored.
 */
export const measureStored: Workload = async (run) => {
  if (variantsOf(run, { all: ['agent'] }).length === 0) return [];
  const wanted = run.isQuick ? STORED_BYTES / 10 : STORED_BYTES;
  run.progress(`stored-1gb: writing ${wanted / 1e6} MB`);
  const [full, empty] = [run.stage.directory(), run.stage.directory()];
  await makeRealm([full]);
  await makeRealm([empty]);
  const messages = await fill(run.stage, full, wanted);
  const storedMB = (await directoryBytes(join(full, 'journal'))) / 1e6;
  const figures: Figures[] = [];
  for (let round = 1; round <= run.runs; round++) {
    run.progress(`stored-1gb, run ${round} of ${run.runs}`);
    figures.push({ messages, payloadBytes: PAYLOAD_BYTES, storedMB, ...(await oneRun(run, full, empty)) });
  }
  return [summarise({ workload: 'stored-1gb', variant: 'agent' }, figures, 'readyMs')];
};

/** Publishes until the journal is as large as is wanted; returns how many messages that took. */
async function fill(stage: Stage, directory: string, wanted: number): Promise<number> {
  const node = await openNode(stage, 'library', { directory, peers: [] });
  let messages = 0;
  for (let phase = 0; (await directoryBytes(join(directory, 'journal'))) < wanted; phase++) {
    await node.child.ask('publish', {
      phase,
      count: STEP_MESSAGES,
      payloadBytes: PAYLOAD_BYTES,
      ack: 'durable',
      singly: true,
    });
    messages += STEP_MESSAGES;
  }
  await node.child.ask('close', {});
  await stage.clear();
  return messages;
}

async function oneRun(run: BenchRun, full: string, empty: string): Promise<Figures> {
  const idleMs = run.isQuick ? IDLE_MS / 5 : IDLE_MS;
  const without = await started(run.stage, empty, idleMs);
  await without.agent.stop();
  const clean = await started(run.stage, full, idleMs);
  await clean.agent.kill();
  const unclean = await started(run.stage, full, 0);
  await unclean.agent.stop();
  await run.stage.clear();
  return {
    readyMs: clean.readyMs,
    readyUncleanMs: unclean.readyMs,
    ...(HAS_PROCESS_FIGURES
      ? {
          residentMB: clean.residentMB,
          emptyMB: without.residentMB,
          addedMB: clean.residentMB - without.residentMB,
        }
      : {}),
  };
}

async function started(stage: Stage, directory: string, idleMs: number) {
  const startedAtMs = monotonicMs();
  const agent = stage.agent({ directory, peers: [] });
  await agent.ready();
  const readyMs = monotonicMs() - startedAtMs;
  await sleep(idleMs);
  const residentMB = HAS_PROCESS_FIGURES ? (await residentBytes(agent.pid)) / 1e6 : 0;
  return { agent, readyMs, residentMB };
}
