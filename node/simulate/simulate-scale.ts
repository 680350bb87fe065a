import { writeFile } from 'node:fs/promises';
import {
  outlookText,
  runScale,
  SCALE_PLAN,
  type ScalePlan,
  type ScaleRow,
  type ScaleSetting,
  scaleOutlook,
  scalePlot,
  scaleTable,
} from '../../simulations/index.ts';
import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { EXIT, type ExitCode } from '../cli/exit-codes.ts';
import { formatCount } from '../cli/human-figures.ts';
import { ProgressBar } from './progress-bar.ts';

/** Options of `sedge simulate scale`. */
export interface ScaleOptions {
  readonly seed: number;
  /** No mesh larger than this. */
  readonly nodes?: number;
  readonly plot?: string;
}

/** What the figures are drawn on to. */
const OUTLOOK_NODES = 10_000;

/** Measures meshes of growing size on both overlays: a table, an outlook, and a plot if asked for. */
export async function simulateScale(context: CommandContext, options: ScaleOptions): Promise<ExitCode> {
  const plan = planOf(options);
  const rows = await measured(context, plan);
  if (rows === null) return EXIT.failure;
  const outlook = scaleOutlook(rows, OUTLOOK_NODES);
  if (context.json) await context.record({ kind: 'outlook', ...outlook });
  else await context.write(`${scaleTable(rows)}\n\n${outlookText(outlook)}\n`);
  if (options.plot !== undefined) await writePlot(context, options.plot, rows);
  return EXIT.done;
}

function planOf({ seed, nodes = Number.POSITIVE_INFINITY }: ScaleOptions): ScalePlan {
  const within = (sizes: readonly number[]) => sizes.filter((size) => size <= nodes);
  const plan = { ...SCALE_PLAN, seed, both: within(SCALE_PLAN.both), model: within(SCALE_PLAN.model) };
  if (plan.both.length > 0) return plan;
  throw new SedgeError('cli.usage', { reason: `the smallest mesh has ${SCALE_PLAN.both[0]} nodes` });
}

/** `null` if it was interrupted. */
async function measured(context: CommandContext, plan: ScalePlan): Promise<ScaleRow[] | null> {
  const bar = new ProgressBar(context.io.stderr);
  const signal = context.interruption();
  const phases = new Map<string, string>();
  const meshes = 2 * plan.both.length + plan.model.length;
  const recorded: Promise<unknown>[] = [];
  let done = 0;
  const onProgress = ({ overlay, nodes }: ScaleSetting, phase: string) => {
    phases.set(overlay, `${formatCount(nodes)} on ${overlay}: ${phase}`);
    bar.update({ share: done / meshes, what: [...phases.values()].sort().join('; ') });
  };
  const onRow = (row: ScaleRow) => {
    done++;
    phases.delete(row.overlay);
    if (context.json) recorded.push(context.record({ kind: 'mesh', ...row }));
  };
  try {
    const rows = await runScale(plan, { onProgress, onRow, signal });
    await Promise.all(recorded);
    return rows;
  } catch (error) {
    if (!signal.aborted) throw error;
    return null;
  } finally {
    bar.clear();
  }
}

async function writePlot(context: CommandContext, file: string, rows: readonly ScaleRow[]): Promise<void> {
  try {
    await writeFile(file, scalePlot(rows));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SedgeError('cli.output', { file, reason }, { cause: error });
  }
  context.note(`The plot is in ${file}.`);
}
