import { setTimeout as sleep } from 'node:timers/promises';
import { tcpPortOf, withTcpPort } from '../../node/demo/tcp-port.ts';
import { type BenchNode, openNode, type Variant } from '../bench-node.ts';
import { type BenchRun, variantsOf, type Workload } from '../bench-run.ts';
import { makeRealm } from '../make-realm.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import { type Figures, summarise, type WorkloadResult } from '../workload.ts';

const PAYLOAD_BYTES = 64;
const OLD_MESSAGES = 100_000;
const LIVE_PER_SECOND = 100;
/** More than any run has time for. */
const LIVE_MESSAGES_MAX = 20_000;
const CONNECT_MS_MAX = 20_000;
const CATCH_UP_MS_MAX = 120_000;
const CUT_MS = 4_000;
const POLL_MS = 5;

const BEFORE = 0;
const OLD = 1;
const LIVE = 2;

/** Whose live messages are watched: those of an author with nothing old, or of the one whose old ones come. */
type Author = 'other' | 'same';

/**
 * live-during-sync: A has 100,000 old messages, each its own entry, that B lacks; while they come, 100 live ones a
 * second are published. `other-author`: B publishes and A's subscriber gets them in the author's order.
 * `same-author`: A publishes and B's subscriber, which asked for the order of arrival, gets them among the old.
 */
export const measureLiveDuringSync: Workload = async (run) => {
  const results: WorkloadResult[] = [];
  for (const variant of variantsOf(run, { all: ['library', 'agent'], defaults: ['agent'] })) {
    for (const author of ['other', 'same'] as const) {
      const figures: Figures[] = [];
      for (let round = 1; round <= run.runs; round++) {
        run.progress(`live-during-sync ${variant} ${author}-author, run ${round} of ${run.runs}`);
        figures.push(await oneRun(run, variant, author));
        await run.stage.clear();
      }
      const of = { workload: 'live-during-sync', variant: `${variant}-${author}-author` } as const;
      results.push(summarise(of, figures, 'p99Ms'));
    }
  }
  return results;
};

async function oneRun(run: BenchRun, variant: Variant, author: Author): Promise<Figures> {
  const old = run.isQuick ? OLD_MESSAGES / 10 : OLD_MESSAGES;
  const directories = [run.stage.directory(), run.stage.directory()] as const;
  await makeRealm(directories);
  const near = await openNode(run.stage, variant, { directory: directories[0], peers: [] });
  const link = await run.stage.link(tcpPortOf(near.address));
  const far = await openNode(run.stage, variant, {
    directory: directories[1],
    peers: [withTcpPort(near.address, link.port)],
  });
  await near.child.ask('subscribe', { order: 'author' });
  await far.child.ask('subscribe', { order: 'arrival' });
  await near.child.ask('connected', { timeoutMs: CONNECT_MS_MAX });
  await warmUp(near, far);
  await warmUp(far, near);
  await link.cut();
  const shape = { payloadBytes: PAYLOAD_BYTES, ack: 'durable' } as const;
  await near.child.ask('publish', { phase: OLD, count: old, singly: true, ...shape });
  await sleep(CUT_MS);
  await far.child.ask('expect', { phase: OLD, count: old });
  const [publisher, subscriber] = author === 'other' ? [far, near] : [near, far];
  await subscriber.child.ask('expect', { phase: LIVE, count: LIVE_MESSAGES_MAX });
  await link.heal();
  // From the first old message on: before, the link was not there yet.
  await arrived(far, 1);
  const publishing = publisher.child.ask('publish', {
    ...shape,
    phase: LIVE,
    count: LIVE_MESSAGES_MAX,
    messagesPerSecond: LIVE_PER_SECOND,
  });
  const startedAtMs = monotonicMs();
  await arrived(far, old);
  const seconds = (monotonicMs() - startedAtMs) / 1_000;
  await publisher.child.ask('stopPublishing', {});
  const { acknowledged } = await publishing;
  const deadlineMs = monotonicMs() + CONNECT_MS_MAX;
  const delivered = () => subscriber.child.ask('delivered', { phase: LIVE });
  while ((await delivered()) < acknowledged && monotonicMs() < deadlineMs) await sleep(POLL_MS);
  const report = await subscriber.child.ask('receive', { phase: LIVE, timeoutMs: 0, settleMs: 0 });
  return {
    messages: old,
    payloadBytes: PAYLOAD_BYTES,
    seconds,
    liveMessages: acknowledged,
    ...(report.p50Ms === null ? {} : { p50Ms: report.p50Ms }),
    ...(report.p99Ms === null ? {} : { p99Ms: report.p99Ms }),
    lost: acknowledged - report.delivered,
    duplicated: report.duplicated,
  };
}

async function warmUp(from: BenchNode, to: BenchNode): Promise<void> {
  const count = 500;
  await to.child.ask('expect', { phase: BEFORE, count });
  await from.child.ask('publish', {
    phase: BEFORE,
    count,
    payloadBytes: PAYLOAD_BYTES,
    ack: 'durable',
    singly: true,
  });
  const { lost } = await to.child.ask('receive', {
    phase: BEFORE,
    timeoutMs: CONNECT_MS_MAX,
    settleMs: 0,
  });
  if (lost > 0) throw new Error(`${lost} of ${count} messages did not pass before the cut.`);
}

async function arrived(at: BenchNode, count: number): Promise<void> {
  const deadlineMs = monotonicMs() + CATCH_UP_MS_MAX;
  while ((await at.child.ask('delivered', { phase: OLD })) < count) {
    if (monotonicMs() > deadlineMs)
      throw new Error(`The old messages did not come in ${CATCH_UP_MS_MAX} ms.`);
    await sleep(POLL_MS);
  }
}
