import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  type ContactTrace,
  type ContactVerdict,
  type PlannedPublish,
  type PlayedContacts,
  parseContactTrace,
  parsePublishFile,
  playContacts,
  roundRobinPlan,
} from '../../simulations/index.ts';
import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { EXIT, type ExitCode } from '../cli/exit-codes.ts';
import { formatBytes, formatCount, formatSpan } from '../cli/human-figures.ts';
import { formatFacts } from '../cli/table.ts';
import { ProgressBar } from './progress-bar.ts';
import { replayCommand } from './replay-command.ts';
import { writeReport } from './write-report.ts';

/** Options of `sedge simulate --contacts`. */
export interface ContactOptions {
  readonly contacts: string;
  readonly messages?: number;
  /** Seconds. */
  readonly interval?: number;
  readonly publish?: string;
  readonly history?: string;
  readonly report?: string;
  readonly seed: number;
}

/** Faults that are told on stderr; the report lists more. */
const TOLD_MAX = 10;
/** Messages times nodes: what memory has room for. */
const DELIVERIES_MAX = 10_000_000;

/** Replays meetings and holds what was delivered to what they make possible. */
export async function simulateContacts(context: CommandContext, options: ContactOptions): Promise<ExitCode> {
  const { contacts, history, report, seed } = options;
  const trace = parseContactTrace(await read(contacts), contacts);
  const plan = await planOf(trace, options);
  const bar = new ProgressBar(context.io.stderr);
  const signal = context.interruption();
  try {
    const played = await playContacts({
      trace,
      plan,
      seed,
      signal,
      ...(report === undefined ? {} : { report: { title: basename(contacts), replay: replayOf(options) } }),
      ...(history === undefined ? {} : { historyFile: history }),
      onProgress: progressIn(bar, trace, plan),
    });
    bar.clear();
    if (context.json) await context.record(recordOf(options, trace, played));
    else await context.write(summary(trace, played));
    if (report !== undefined && played.report !== null) await writeReport(context, report, [played.report]);
    if (played.verdict.ok) return EXIT.done;
    tellFaults(context, played.verdict, options);
    return EXIT.failure;
  } catch (error) {
    if (!signal.aborted) throw error;
    bar.clear();
    context.note(
      `Ended before the end of the trace.${history === undefined ? '' : ` ${history} holds what happened until then.`}`,
    );
    return EXIT.failure;
  } finally {
    bar.clear();
  }
}

async function planOf(trace: ContactTrace, options: ContactOptions): Promise<PlannedPublish[]> {
  const { publish, messages = 0, interval = 0 } = options;
  const count = publish === undefined ? messages : 0;
  requireRoom(count, trace);
  if (publish === undefined) return roundRobinPlan(trace, { messages, intervalMs: interval * 1_000 });
  const plan = parsePublishFile(await read(publish), publish, trace);
  requireRoom(plan.length, trace);
  return plan;
}

function requireRoom(messages: number, { nodes }: ContactTrace): void {
  if (messages * nodes.length <= DELIVERIES_MAX) return;
  const asked = `${formatCount(messages)} messages at ${formatCount(nodes.length)} nodes`;
  throw new SedgeError('cli.usage', {
    reason: `${asked} are more than ${formatCount(DELIVERIES_MAX)} deliveries`,
  });
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SedgeError('cli.input', { file, reason }, { cause: error });
  }
}

function progressIn(
  bar: ProgressBar,
  trace: ContactTrace,
  plan: readonly PlannedPublish[],
): (traceSeconds: number) => void {
  const firstMs = Math.min(trace.contacts[0]?.startMs ?? 0, plan[0]?.timeMs ?? 0);
  const lastMs = trace.contacts.reduce((last, { endMs }) => Math.max(last, endMs), plan.at(-1)?.timeMs ?? 0);
  return (traceSeconds) => {
    const virtualSeconds = traceSeconds - firstMs / 1_000;
    const share = (virtualSeconds * 1_000) / Math.max(1, lastMs - firstMs);
    bar.update({ share, what: `${formatCount(trace.nodes.length)} nodes`, virtualSeconds });
  };
}

function recordOf(
  { contacts, seed }: ContactOptions,
  trace: ContactTrace,
  { verdict, virtualSeconds, realSeconds, bytesSent }: PlayedContacts,
): object {
  const { ok, faults, ...counts } = verdict;
  const shape = { nodes: trace.nodes.length, contacts: trace.contacts.length };
  return {
    trace: contacts,
    seed,
    overlay: 'model',
    ok,
    ...shape,
    ...counts,
    bytesSent,
    virtualSeconds,
    realSeconds,
    faults,
  };
}

function summary(
  trace: ContactTrace,
  { verdict, virtualSeconds, realSeconds, bytesSent }: PlayedContacts,
): string {
  const { deliverable, possible } = verdict;
  const more =
    possible > deliverable ? `, and ${formatCount(possible - deliverable)} more over contacts under 5 s` : '';
  const facts: [string, string][] = [
    ['nodes', formatCount(trace.nodes.length)],
    ['contacts', formatCount(trace.contacts.length)],
    ['published', formatCount(verdict.published)],
    ['deliverable', `${formatCount(deliverable)}${more}`],
    ['delivered', formatCount(verdict.delivered)],
    ['missing', formatCount(verdict.missing)],
    ['impossible', formatCount(verdict.impossible)],
    ['duplicates', formatCount(verdict.duplicates)],
    ['gaps', `${formatCount(verdict.gaps)}, filled later: ${formatCount(verdict.late)}`],
    ['sent', formatBytes(bytesSent)],
    ['virtual time', formatSpan(virtualSeconds * 1_000)],
    ['real time', formatSpan(realSeconds * 1_000)],
  ];
  const verdictText = verdict.ok
    ? 'Delivered is exactly what the contacts make possible.'
    : 'Delivered is NOT what the contacts make possible.';
  return `${formatFacts(facts)}${verdictText}\n`;
}

function tellFaults(context: CommandContext, { faults }: ContactVerdict, options: ContactOptions): void {
  for (const { kind, what } of faults.slice(0, TOLD_MAX)) context.note(`  ${kind}: ${what}`);
  if (faults.length > TOLD_MAX) context.note('  ... and more: --json and --report list them');
  context.note(`To run it again: ${replayOf(options)}`);
}

function replayOf({ contacts, messages, interval, publish, seed }: ContactOptions): string {
  const what =
    publish === undefined
      ? ['--messages', messages ?? 0, '--interval', interval ?? 0]
      : ['--publish', publish];
  return replayCommand(['--contacts', contacts, ...what, '--seed', seed]);
}
