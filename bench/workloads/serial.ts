import { type BenchRun, variantsOf, type Workload } from '../bench-run.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import { cpuSeconds, residentBytes } from '../process-figures.ts';
import { SerialDesk } from '../serial-desk.ts';
import { type Figures, summarise } from '../workload.ts';

const PLAN = { devices: 64, readingsPerSecond: 10 };
const SECONDS = 30;
/** What starting and registering left behind is done after this, and code is compiled. */
const WARM_UP_SECONDS = 5;

/**
 * serial: 64 devices on serial lines of their own, each sending 10 readings a second: what share of a core the
 * agent with the bridge takes, and how long a reading takes from the device to a subscriber at the agent.
 */
export const measureSerial: Workload = async (run) => {
  if (variantsOf(run, { all: ['agent'] }).length === 0) return [];
  const figures: Figures[] = [];
  for (let round = 1; round <= run.runs; round++) {
    run.progress(`serial agent, run ${round} of ${run.runs}`);
    figures.push(await oneRun(run));
    await run.stage.clear();
  }
  return [summarise({ workload: 'serial', variant: `agent-${PLAN.devices}` }, figures, 'coreShare')];
};

async function oneRun(run: BenchRun): Promise<Figures> {
  const desk = await SerialDesk.open(run.stage, PLAN);
  try {
    await desk.connect();
    await desk.settle(await desk.play(run.isQuick ? 1 : WARM_UP_SECONDS));
    const usedBefore = await cpuSeconds(desk.pid);
    const startedAtMs = monotonicMs();
    const ledger = await desk.play(run.isQuick ? SECONDS / 10 : SECONDS);
    const seconds = (monotonicMs() - startedAtMs) / 1_000;
    const used = (await cpuSeconds(desk.pid)) - usedBefore;
    const residentMB = (await residentBytes(desk.pid)) / 1e6;
    await desk.settle(ledger);
    const { expected, delivered, lost, duplicated, p50Ms, p99Ms } = ledger.report();
    return {
      messages: expected,
      messagesPerSecond: delivered / seconds,
      coreShare: used / seconds,
      residentMB,
      ...(p50Ms === null ? {} : { p50Ms }),
      ...(p99Ms === null ? {} : { p99Ms }),
      lost,
      duplicated,
    };
  } finally {
    await desk.close();
  }
}
