/**
 * Milliseconds with fractions on the system's monotonic clock, which all processes of one machine share: the
 * difference of two readings in two processes is a latency.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
