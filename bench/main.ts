import { BENCH_USAGE, type BenchArguments, parseBenchArguments } from './bench-arguments.ts';
import type { Workload } from './bench-run.ts';
import { resultTable } from './result-table.ts';
import { Stage } from './stage.ts';
import type { WorkloadName, WorkloadResult } from './workload.ts';
import { measureBundle } from './workloads/bundle.ts';
import { measureBytesWritten } from './workloads/bytes-written.ts';
import { measureCatchUp, measureCatchUpAfterCrash, measureSingle } from './workloads/catch-up.ts';
import { measureColdStart } from './workloads/cold-start.ts';
import { measureHttp } from './workloads/http.ts';
import { measureLiveDuringSync } from './workloads/live-during-sync.ts';
import { measureMetrics } from './workloads/metrics.ts';
import { measureMqtt } from './workloads/mqtt.ts';
import { measureSerial } from './workloads/serial.ts';
import { measureStored } from './workloads/stored.ts';
import { measureSyncBytes } from './workloads/sync-bytes.ts';
import { measureReplicas, measureThrough } from './workloads/through.ts';

const MEASURE: Readonly<Record<WorkloadName, Workload>> = {
  W1: measureThrough,
  W2: measureCatchUp,
  'W2-crash': measureCatchUpAfterCrash,
  W3: measureBytesWritten,
  W4: measureColdStart,
  replicas: measureReplicas,
  'sync-single': measureSingle,
  'live-during-sync': measureLiveDuringSync,
  'stored-1gb': measureStored,
  'sync-bytes': measureSyncBytes,
  serial: measureSerial,
  mqtt: measureMqtt,
  http: measureHttp,
  bundle: measureBundle,
  metrics: measureMetrics,
};

/** Runs the workloads one after another; prints each one's lines as soon as it is done. */
async function bench(options: BenchArguments, stage: Stage): Promise<WorkloadResult[]> {
  const results: WorkloadResult[] = [];
  for (const name of options.workloads) {
    const measured = await MEASURE[name]({
      stage,
      runs: options.runs,
      isQuick: options.isQuick,
      variants: options.variants,
      progress: showProgress,
    });
    results.push(...measured);
    clearProgress();
    if (options.isJson) for (const result of measured) console.log(JSON.stringify(result));
  }
  return results;
}

/** One line that is written over; nothing where nobody watches. */
function showProgress(doing: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${doing}…`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}

/** Ends with the usual code of a signal after everything is removed. */
function cleanUpOnSignal(stage: Stage): void {
  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      clearProgress();
      void stage.close().finally(() => process.exit(exitCode));
    });
  }
}

/** Exit codes: 0 done, 1 a workload failed, 2 usage. */
async function main(): Promise<void> {
  let options: BenchArguments;
  try {
    options = parseBenchArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${BENCH_USAGE}`);
    process.exitCode = 2;
    return;
  }
  if (options.isHelp) {
    console.log(BENCH_USAGE);
    return;
  }
  const stage = await Stage.open();
  cleanUpOnSignal(stage);
  try {
    const results = await bench(options, stage);
    if (!options.isJson) for (const line of resultTable(results)) console.log(line);
  } catch (error) {
    // Ctrl-C has pulled the processes away from under the workload: that is no failure to tell of.
    if (stage.isClosed) return;
    clearProgress();
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  } finally {
    await stage.close();
  }
}

await main();
