/** The middle value; the mean of the two middle ones for an even count. `null` for no values. */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * The smallest value that at least `percent` (0 to 100) of the values do not exceed: nearest rank, so that the
 * answer is always a value that was measured. `null` for no values.
 */
export function percentile(values: readonly number[], percent: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.min(Math.max(rank, 1), sorted.length) - 1]!;
}

/** How far runs lie apart: (largest - smallest) / median. `null` for no values or a median of 0. */
export function spread(values: readonly number[]): number | null {
  const middle = median(values);
  if (middle === null || middle === 0) return null;
  return (Math.max(...values) - Math.min(...values)) / middle;
}
