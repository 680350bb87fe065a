import {
  columnsFor,
  foldRun,
  type RunReport,
  runScenario,
  SCENARIOS,
  type Scenario,
  type ScenarioOverlay,
  type ScenarioRun,
} from '../../simulations/index.ts';
import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { EXIT, type ExitCode } from '../cli/exit-codes.ts';
import { plural } from '../cli/human-figures.ts';
import { nearestName } from '../cli/nearest-name.ts';
import { formatTable } from '../cli/table.ts';
import { ProgressBar } from './progress-bar.ts';
import { replayCommand } from './replay-command.ts';
import { ScenarioRows } from './scenario-rows.ts';
import { writeReport } from './write-report.ts';

/** Options of `sedge simulate SCENARIO...`. */
export interface ScenarioOptions {
  readonly all: boolean;
  readonly seed: number;
  readonly seeds: number;
  readonly nodes?: number;
  readonly overlay?: ScenarioOverlay;
  readonly report?: string;
}

/** One run that is to be made. */
interface PlannedRun {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly overlay: ScenarioOverlay;
}

/** Violations of a run that are told on stderr; the report lists more. */
const TOLD_MAX = 5;

/** Prints the scenarios, one a line. */
export async function listScenarios(context: CommandContext): Promise<ExitCode> {
  if (context.json) {
    for (const { name, summary, durationText, overlays } of SCENARIOS) {
      await context.record({ scenario: name, summary, duration: durationText, overlays });
    }
    return EXIT.done;
  }
  const table = formatTable(SCENARIOS, [
    { title: 'SCENARIO', cell: ({ name }) => name },
    { title: 'VIRTUAL', cell: ({ durationText }) => durationText, align: 'right' },
    { title: 'OVERLAYS', cell: ({ overlays }) => overlays.join(', ') },
    { title: 'WHAT HAPPENS', cell: ({ summary }) => summary },
  ]);
  await context.write(table);
  return EXIT.done;
}

/** Plays scenarios with their seeds on their overlays, a row each; exit code 1 if one of them fails. */
export async function simulateScenarios(
  context: CommandContext,
  names: readonly string[],
  options: ScenarioOptions,
): Promise<ExitCode> {
  const planned = plannedRuns(options.all ? SCENARIOS : names.map(scenarioNamed), options);
  const session = new Session(context, options, planned);
  try {
    await session.run();
  } finally {
    session.end();
  }
  if (options.report !== undefined) await writeReport(context, options.report, session.reports);
  return session.tellOutcome();
}

function plannedRuns(scenarios: readonly Scenario[], options: ScenarioOptions): PlannedRun[] {
  const seeds = Array.from({ length: options.seeds }, (_, index) => options.seed + index);
  const planned = scenarios.flatMap((scenario) =>
    scenario.overlays
      .filter((overlay) => overlay === (options.overlay ?? overlay))
      .flatMap((overlay) => seeds.map((seed) => ({ scenario, seed, overlay }))),
  );
  if (planned.length > 0) return planned;
  throw new SedgeError('cli.usage', { reason: `none of the scenarios is played on ${options.overlay}` });
}

function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const known = SCENARIOS.map((scenario) => scenario.name);
  throw new SedgeError('simulation.unknown-scenario', {
    scenario: name,
    nearest: nearestName(name, known),
    known: known.join(' '),
  });
}

class Session {
  readonly #context: CommandContext;
  readonly #options: ScenarioOptions;
  readonly #planned: readonly PlannedRun[];
  readonly #bar: ProgressBar;
  readonly #rows: ScenarioRows;
  readonly #signal: AbortSignal;
  readonly #failed: ScenarioRun[] = [];
  readonly reports: RunReport[] = [];
  #done = 0;

  constructor(context: CommandContext, options: ScenarioOptions, planned: readonly PlannedRun[]) {
    this.#context = context;
    this.#options = options;
    this.#planned = planned;
    this.#bar = new ProgressBar(context.io.stderr);
    this.#rows = new ScenarioRows(planned.map(({ scenario }) => scenario.name));
    this.#signal = context.interruption();
  }

  async run(): Promise<void> {
    if (!this.#context.json) await this.#context.write(this.#rows.titles());
    for (const planned of this.#planned) {
      if (this.#signal.aborted) return;
      const run = await this.#play(planned);
      if (run === null) return;
      this.#done++;
      if (!run.ok) this.#failed.push(run);
      await this.#tell(run);
      if (this.#options.report !== undefined) this.reports.push(this.#reportOf(run));
    }
  }

  end(): void {
    this.#bar.clear();
  }

  /** What is to be said at the end, and the exit code. */
  tellOutcome(): ExitCode {
    const { length } = this.#planned;
    for (const run of this.#failed) {
      const more =
        run.violations.length > TOLD_MAX ? [`... and ${run.violations.length - TOLD_MAX} more`] : [];
      const told = run.violations.slice(0, TOLD_MAX).map(({ checker, what }) => `${checker}: ${what}`);
      this.#context.note(`\n${run.scenario}, seed ${run.seed}, on the ${run.overlay} overlay:`);
      for (const line of [...told, ...more]) this.#context.note(`  ${line}`);
      this.#context.note(`  To run it again: ${this.#replayOf(run)}`);
    }
    if (this.#done < length) this.#context.note(`Ended after ${this.#done} of ${plural(length, 'run')}.`);
    else if (this.#failed.length > 0)
      this.#context.note(`${this.#failed.length} of ${plural(length, 'run')} failed.`);
    return this.#done < length || this.#failed.length > 0 ? EXIT.failure : EXIT.done;
  }

  /** `null` if it was interrupted. */
  async #play({ scenario, seed, overlay }: PlannedRun): Promise<ScenarioRun | null> {
    const what = `${scenario.name}, ${overlay}, seed ${seed}`;
    const share = this.#planned.length === 1 ? null : this.#done / this.#planned.length;
    try {
      return await runScenario(scenario, {
        seed,
        overlay,
        nodes: this.#options.nodes,
        signal: this.#signal,
        onProgress: (virtualSeconds) => this.#bar.update({ share, what, virtualSeconds }),
      });
    } catch (error) {
      if (!this.#signal.aborted) throw error;
      return null;
    } finally {
      this.#bar.clear();
    }
  }

  async #tell(run: ScenarioRun): Promise<void> {
    if (!this.#context.json) return this.#context.write(this.#rows.of(run));
    const { scenario, seed, overlay, ok, virtualSeconds, realSeconds, published, delivered, gaps, digest } =
      run;
    const counts = {
      nodes: run.nodes.length,
      ok,
      virtualSeconds,
      realSeconds,
      published,
      delivered,
      gaps,
      digest,
    };
    const replay = run.ok ? {} : { replay: this.#replayOf(run) };
    await this.#context.record({ scenario, seed, overlay, ...counts, violations: run.violations, ...replay });
  }

  #reportOf(run: ScenarioRun): RunReport {
    const { scenario: title, virtualSeconds: endSeconds } = run;
    const reported = { ...run, title, endSeconds, replay: this.#replayOf(run) };
    return foldRun(reported, columnsFor(this.#planned.length));
  }

  #replayOf({ scenario, seed, overlay }: ScenarioRun): string {
    const { nodes } = this.#options;
    const words = [scenario, '--seed', seed, '--overlay', overlay];
    return replayCommand(nodes === undefined ? words : [...words, '--nodes', nodes]);
  }
}
