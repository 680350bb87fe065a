import type { ExpectedDeliveries } from '../report/fold-messages.ts';
import { foldRun, type ReportedRun } from '../report/fold-run.ts';
import type { RunReport } from '../report/run-report.ts';
import { TrafficLog } from '../report/traffic-log.ts';
import type { HistoryEvent } from '../world/history.ts';
import { replayContacts } from './contact-replay.ts';
import type { ContactTrace } from './contact-trace.ts';
import { ContactJudge, type ContactVerdict } from './contact-verdict.ts';
import { HistoryFile } from './history-file.ts';
import type { PlannedPublish } from './publish-plan.ts';

/** What is played and what is wanted of it. */
export interface PlayContactsOptions {
  readonly trace: ContactTrace;
  readonly plan: readonly PlannedPublish[];
  /** @defaultValue 1 */
  readonly seed?: number;
  /** Every publish, delivery, gap and contact goes to this file, a JSON line each. */
  readonly historyFile?: string;
  /** Makes {@link PlayedContacts.report}, under this title and with the command that plays it again. */
  readonly report?: { readonly title: string; readonly replay: string };
  /** Told several times a second of real time how far trace time is, seconds. */
  readonly onProgress?: (traceSeconds: number) => void;
  readonly signal?: AbortSignal;
}

/** How a trace was played. */
export interface PlayedContacts {
  readonly verdict: ContactVerdict;
  readonly virtualSeconds: number;
  readonly realSeconds: number;
  /** What all nodes sent. */
  readonly bytesSent: number;
  readonly report: RunReport | null;
}

const realNowMs = performance.now.bind(performance);

/** Replays a contact trace on real nodes, and holds what they delivered to what the trace makes possible. */
export async function playContacts(options: PlayContactsOptions): Promise<PlayedContacts> {
  const { trace, plan, historyFile } = options;
  const startedMs = realNowMs();
  const judge = new ContactJudge(trace, plan);
  const file = historyFile === undefined ? null : new HistoryFile(historyFile);
  const kept: HistoryEvent[] | null = options.report === undefined ? null : [];
  const traffic = new TrafficLog();
  try {
    const replayed = await replayContacts({
      ...options,
      onEvent: (event, sent) => {
        file?.write(event);
        kept?.push(event);
        judge.add(event);
        if (kept !== null) traffic.sample(event.t, sent);
      },
    });
    file?.close();
    const verdict = judge.verdict();
    const played = {
      verdict,
      virtualSeconds: replayed.endSeconds - replayed.startSeconds,
      realSeconds: Math.round(realNowMs() - startedMs) / 1_000,
      bytesSent: Object.values(replayed.traffic).reduce((sum, { bytes }) => sum + bytes, 0),
    };
    if (options.report === undefined || kept === null) return { ...played, report: null };
    traffic.take(replayed.endSeconds, replayed.traffic);
    const run = {
      ...played,
      ...replayed,
      history: kept,
      samples: traffic.samples,
      title: options.report.title,
    };
    return {
      ...played,
      report: foldRun(reportedRun(options, { ...run, judge, replay: options.report.replay })),
    };
  } finally {
    file?.close();
  }
}

function reportedRun(
  { trace, plan, seed = 1 }: PlayContactsOptions,
  run: {
    readonly verdict: ContactVerdict;
    readonly judge: ContactJudge;
    readonly history: readonly HistoryEvent[];
    readonly samples: ReportedRun['traffic'];
    readonly title: string;
    readonly replay: string;
    readonly startSeconds: number;
    readonly endSeconds: number;
    readonly realSeconds: number;
  },
): ReportedRun {
  const { verdict, judge, startSeconds, endSeconds, realSeconds } = run;
  return {
    title: run.title,
    summary: `${trace.contacts.length} contacts of ${trace.nodes.length} nodes; each message must reach every node that a chain of contacts leads to.`,
    seed,
    overlay: 'model',
    ok: verdict.ok,
    replay: run.replay,
    startSeconds,
    endSeconds,
    realSeconds,
    nodes: trace.nodes,
    history: run.history,
    traffic: run.samples,
    violations: verdict.faults.map(({ kind, node, what, t }) => ({
      checker: kind,
      what,
      node,
      ...(t === undefined ? {} : { t }),
    })),
    expected: expectedOf(trace, plan, judge),
    figures: [
      ['impossible', String(verdict.impossible)],
      ['contacts', String(trace.contacts.length)],
    ],
  };
}

/** Deliveries that there must be, and those that need not be and were. */
function expectedOf(
  trace: ContactTrace,
  plan: readonly PlannedPublish[],
  { must, extra }: ContactJudge,
): ExpectedDeliveries {
  const atSeconds: number[] = [];
  const perNode = new Map<string, number>();
  const expect = (node: string, atMs: number) => {
    atSeconds.push(atMs / 1_000);
    perNode.set(node, (perNode.get(node) ?? 0) + 1);
  };
  for (const message of plan.keys()) {
    for (const [place, name] of trace.nodes.entries()) {
      if (must.reaches(message, place)) expect(name, must.arrivalMs(message, place));
    }
  }
  for (const { place, atMs } of extra) expect(trace.nodes[place]!, atMs);
  return { atSeconds, perNode };
}
