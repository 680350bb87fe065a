import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Both halves of the young generation together; V8's own limit is 128 MiB. */
const YOUNG_BYTES_MAX = 16 * 1_048_576;

/**
 * Keeps V8's young generation at 16 MiB. V8 widens it while much is allocated, up to 128 MiB, and a node that is busy day
 * and night keeps all of that resident, almost all of it garbage. Measured with 1,000 MQTT clients and a message a second
 * each: 300 MB resident without this and 195 MB with it, at the same share of a core; with 8 MiB 187 MB, with 32 MiB 241 MB.
 * Nothing can run out of memory by this: what lives moves to the old generation, whose limit stays what it is. The limit of
 * the young one itself is read only when V8 starts, when the factor of its growth is read each time; hence the detour.
 */
export function limitYoungGeneration(): void {
  allowGrowth(false);
  let grows = false;
  const observer = new PerformanceObserver(() => {
    const mayGrow = youngBytes() * 2 <= YOUNG_BYTES_MAX;
    if (mayGrow !== grows) allowGrowth(mayGrow);
    grows = mayGrow;
  });
  observer.observe({ entryTypes: ['gc'] });
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}

function allowGrowth(mayGrow: boolean): void {
  setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
}
