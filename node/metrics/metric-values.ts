import { METRIC_TABLE, type MetricName } from './metric-table.ts';

/** The value of a series. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** How values of one series are put together: what overflows shares a series. */
export type Together = 'sum' | 'min' | 'max';

/** The values of one page, as they are gathered. */
export class MetricValues {
  readonly #series = new Map<MetricName, Map<string, { labels: Record<string, string>; value: number }>>();

  /**
   * Sets a series, or puts the value together with the one it has. `null` is left out: absent says that it is not known,
   * which 0 would not.
   */
  set(
    name: MetricName,
    value: number | null | undefined,
    labels: Readonly<Record<string, string>> = {},
    together: Together = 'sum',
  ): void {
    if (value === null || value === undefined || !Number.isFinite(value)) return;
    const series = this.#series.get(name) ?? new Map();
    this.#series.set(name, series);
    const key = METRIC_TABLE[name].labels.map((label) => labels[label]).join('\0');
    const known = series.get(key);
    if (known === undefined) series.set(key, { labels: { ...labels }, value });
    else known.value = combine(known.value, value, together);
  }

  /** Series of a metric. */
  of(name: MetricName): Iterable<Series> {
    return this.#series.get(name)?.values() ?? [];
  }

  /** How many there are in all. */
  get size(): number {
    let size = 0;
    for (const series of this.#series.values()) size += series.size;
    return size;
  }
}

function combine(a: number, b: number, together: Together): number {
  if (together === 'sum') return a + b;
  return together === 'min' ? Math.min(a, b) : Math.max(a, b);
}
