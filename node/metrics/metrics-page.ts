import { Counter, Gauge, Registry } from 'prom-client';
import { gatherMetrics, type MetricParts } from './gather-metrics.ts';
import { LabelBudget } from './label-budget.ts';
import { METRIC_TABLE, type MetricName } from './metric-table.ts';
import type { MetricValues } from './metric-values.ts';

/** The page of `/metrics`, in Prometheus' text format 0.0.4. */
export class MetricsPage {
  readonly #parts: MetricParts;
  readonly #budget = new LabelBudget();
  #making: Promise<string> | null = null;
  #lastSeconds = 0;

  constructor(parts: MetricParts) {
    this.#parts = parts;
  }

  /** Media type of the page. */
  get contentType(): string {
    return Registry.PROMETHEUS_CONTENT_TYPE;
  }

  /** Makes the page; who asks meanwhile gets the same. */
  render(): Promise<string> {
    this.#making ??= this.#render().finally(() => {
      this.#making = null;
    });
    return this.#making;
  }

  async #render(): Promise<string> {
    const beganMs = performance.now();
    const values = await gatherMetrics(this.#parts, this.#budget);
    values.set('sedge_metrics_scrape_seconds', this.#lastSeconds);
    values.set('sedge_metrics_series', values.size + 1);
    const text = await registryOf(values).metrics();
    this.#lastSeconds = (performance.now() - beganMs) / 1_000;
    return text;
  }
}

/** Anew each time: the values are kept elsewhere, and what is gone is to be gone from the page. */
function registryOf(values: MetricValues): Registry {
  const registry = new Registry();
  for (const [name, { kind, help, labels }] of Object.entries(METRIC_TABLE)) {
    const series = [...values.of(name as MetricName)];
    if (series.length === 0) continue;
    const options = { name, help, labelNames: labels, registers: [registry] };
    const metric = kind === 'counter' ? new Counter(options) : new Gauge(options);
    for (const one of series) metric.inc(one.labels, one.value);
  }
  return registry;
}
