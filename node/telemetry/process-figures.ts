import { monitorEventLoopDelay } from 'node:perf_hooks';
import { processWrittenBytes } from './process-writes.ts';
import { RecentMax } from './recent-max.ts';

/** How often the event loop's lag is measured; a timer of Node's own, without JavaScript. */
const LAG_RESOLUTION_MS = 50;
/** The worst lag is that of so many samples. */
const LAG_SAMPLES = 60;

/** Measures the process it runs in. */
export class ProcessFigures {
  readonly #lag = new RecentMax(LAG_SAMPLES);
  #histogram: ReturnType<typeof monitorEventLoopDelay> | null = null;

  /** Begins to measure lag. */
  start(): void {
    this.#histogram ??= monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
    this.#histogram.enable();
  }

  stop(): void {
    this.#histogram?.disable();
  }

  /** Takes the lag since the last sample. */
  sample(): void {
    const histogram = this.#histogram;
    if (histogram === null) return;
    // The histogram has the whole time between two ticks.
    this.#lag.add(Math.max(0, histogram.max / 1e6 - LAG_RESOLUTION_MS));
    histogram.reset();
  }

  get lagMs(): number {
    return this.#lag.last;
  }

  get lagMsMax(): number {
    return this.#lag.max;
  }

  /** Processor time used since the process started, milliseconds. */
  cpuMs(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  }

  memory(): NodeJS.MemoryUsage {
    return process.memoryUsage();
  }

  /** See {@link processWrittenBytes}. */
  writtenBytes(): number | null {
    return processWrittenBytes();
  }
}
