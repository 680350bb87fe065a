import type { ScenarioRun } from '../../simulations/index.ts';
import { formatCount, formatSpan, plural } from '../cli/human-figures.ts';

const TITLES = [
  'SCENARIO',
  'OVERLAY',
  'SEED',
  'NODES',
  'PUBLISHED',
  'DELIVERED',
  'VIRTUAL',
  'REAL',
  'VERDICT',
];
const WIDTHS = [0, 7, 5, 5, 9, 9, 7, 7, 0];

/** Rows of runs that come one by one, while others still run: the widths are fixed from the start. */
export class ScenarioRows {
  readonly #widths: readonly number[];

  /** `names` are those of all scenarios that will run. */
  constructor(names: readonly string[]) {
    this.#widths = WIDTHS.with(0, Math.max(...names.map((name) => name.length), TITLES[0]!.length));
  }

  titles(): string {
    return this.#row(TITLES);
  }

  of(run: ScenarioRun): string {
    return this.#row([
      run.scenario,
      run.overlay,
      String(run.seed),
      formatCount(run.nodes.length),
      formatCount(run.published),
      formatCount(run.delivered),
      formatSpan(run.virtualSeconds * 1_000),
      formatSpan(run.realSeconds * 1_000),
      run.ok ? 'ok' : plural(run.violations.length, 'violation'),
    ]);
  }

  #row(cells: readonly string[]): string {
    const padded = cells.map((cell, index) => {
      const width = this.#widths[index]!;
      return index < 2 || index === cells.length - 1 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `${padded.join('  ').trimEnd()}\n`;
  }
}
