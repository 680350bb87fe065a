import { setTimeout as sleep } from 'node:timers/promises';
import type { CuttableLink } from '../../node/demo/cuttable-link.ts';
import { tcpPortOf, withTcpPort } from '../../node/demo/tcp-port.ts';
import { type BenchNode, openNode, type Variant } from '../bench-node.ts';
import { type BenchRun, variantsOf, type Workload } from '../bench-run.ts';
import { makeRealm } from '../make-realm.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import { cpuSeconds } from '../process-figures.ts';
import { type Figures, summarise, type WorkloadName, type WorkloadResult } from '../workload.ts';

const PAYLOAD_BYTES = 64;
const CONNECT_MS_MAX = 20_000;
/** Long enough that a peer which backs off has backed off: a shorter cut would hide what it costs. */
const CUT_MS_MIN = 4_000;
const CATCH_UP_MS_MAX = 60_000;
/** Time for what arrives twice to arrive. */
const SETTLE_MS = 500;

const BEFORE = 0;
const DURING = 1;

/** What happens to A while the link is down. */
type Accident = 'none' | 'crash';

/** W2: B is cut off, messages are published at A, the link returns: seconds until B's subscriber has them all. */
export const measureCatchUp: Workload = async (run) => {
  const results: WorkloadResult[] = [];
  for (const variant of variantsOf(run, { all: ['library', 'agent'], defaults: ['library'] })) {
    for (const count of [20_000, 100_000]) {
      results.push(await measured(run, { workload: 'W2', variant, count, accident: 'none' }));
    }
  }
  return results;
};

/** W2-crash: as W2, and A is killed with -9 after its last acknowledgement and comes back before the link. */
export const measureCatchUpAfterCrash: Workload = async (run) => {
  const results: WorkloadResult[] = [];
  for (const variant of variantsOf(run, { all: ['library', 'agent'], defaults: ['library'] })) {
    results.push(await measured(run, { workload: 'W2-crash', variant, count: 20_000, accident: 'crash' }));
  }
  return results;
};

/** sync-single: as W2 with 100,000, each published in an entry of its own, and batched beside it. */
export const measureSingle: Workload = async (run) => {
  const results: WorkloadResult[] = [];
  for (const variant of variantsOf(run, { all: ['library', 'agent'], defaults: ['agent'] })) {
    for (const singly of [true, false]) {
      const what = { workload: 'sync-single', variant, count: 100_000, accident: 'none', singly } as const;
      results.push(await measured(run, what));
    }
  }
  return results;
};

interface Measurement {
  readonly workload: WorkloadName;
  readonly variant: Variant;
  readonly count: number;
  readonly accident: Accident;
  /** Each message in an entry of its own; where it is given, the variant's name says which. */
  readonly singly?: boolean;
}

async function measured(run: BenchRun, what: Measurement): Promise<WorkloadResult> {
  const count = run.isQuick ? what.count / 10 : what.count;
  const figures: Figures[] = [];
  for (let round = 1; round <= run.runs; round++) {
    run.progress(`${what.workload} ${what.variant}, ${count} messages, run ${round} of ${run.runs}`);
    figures.push(await oneRun(run, { ...what, count }));
    await run.stage.clear();
  }
  const how = what.singly === undefined ? '' : what.singly ? '-single' : '-batched';
  const variant = `${what.variant}${how}-${count}`;
  return summarise({ workload: what.workload, variant }, figures, 'seconds');
}

async function oneRun(run: BenchRun, what: Measurement): Promise<Figures> {
  const { variant, count, accident, singly = false } = what;
  const directories = [run.stage.directory(), run.stage.directory()] as const;
  await makeRealm(directories);
  const first = await openNode(run.stage, variant, { directory: directories[0], peers: [] });
  const link = await run.stage.link(tcpPortOf(first.address));
  const far = await openNode(run.stage, variant, {
    directory: directories[1],
    peers: [withTcpPort(first.address, link.port)],
  });
  await far.child.ask('subscribe', {});
  await first.child.ask('connected', { timeoutMs: CONNECT_MS_MAX });
  await passThrough(first, far);

  await link.cut();
  const cutAtMs = monotonicMs();
  await far.child.ask('expect', { phase: DURING, count });
  const near = { node: first, directory: directories[0] };
  await publishDuringCut(near, count, singly);
  if (accident === 'crash') await crash(run, { variant, link, ...near });
  await sleep(Math.max(0, cutAtMs + CUT_MS_MIN - monotonicMs()));
  const before = [await cpuSeconds(first.pid), await cpuSeconds(far.pid)] as const;
  const figures = await caughtUp(far, link, count);
  if (what.singly === undefined) return figures;
  return {
    ...figures,
    cpuSecondsNear: (await cpuSeconds(first.pid)) - before[0],
    cpuSecondsFar: (await cpuSeconds(far.pid)) - before[1],
  };
}

/** Proves that the path works before it is cut. */
async function passThrough(near: BenchNode, far: BenchNode): Promise<void> {
  const count = 100;
  await far.child.ask('expect', { phase: BEFORE, count });
  await near.child.ask('publish', { phase: BEFORE, count, payloadBytes: PAYLOAD_BYTES, ack: 'durable' });
  const before = await far.child.ask('receive', { phase: BEFORE, timeoutMs: CONNECT_MS_MAX, settleMs: 0 });
  if (before.lost > 0) throw new Error(`${before.lost} of ${count} messages did not pass before the cut.`);
}

async function publishDuringCut(
  { node }: { readonly node: BenchNode },
  count: number,
  singly: boolean,
): Promise<void> {
  const run = { phase: DURING, count, payloadBytes: PAYLOAD_BYTES, ack: 'durable', singly } as const;
  await node.child.ask('publish', run);
}

/** kill -9 at once after the last acknowledgement; the node comes back on the same directory. */
async function crash(
  run: BenchRun,
  near: {
    readonly variant: Variant;
    readonly link: CuttableLink;
    readonly node: BenchNode;
    readonly directory: string;
  },
): Promise<void> {
  await near.node.kill();
  const back = await openNode(run.stage, near.variant, { directory: near.directory, peers: [] });
  near.link.lead({ host: '127.0.0.1', port: tcpPortOf(back.address) });
}

async function caughtUp(far: BenchNode, link: CuttableLink, count: number): Promise<Figures> {
  const early = await far.child.ask('receive', { phase: DURING, timeoutMs: 0, settleMs: 0 });
  if (early.delivered > 0) throw new Error('Messages came round the link that was cut.');
  const returnedAtMs = monotonicMs();
  await link.heal();
  const after = await far.child.ask('receive', {
    phase: DURING,
    timeoutMs: CATCH_UP_MS_MAX,
    settleMs: SETTLE_MS,
  });
  const seconds = (after.lastMs - returnedAtMs) / 1_000;
  return {
    messages: count,
    payloadBytes: PAYLOAD_BYTES,
    // Nothing arrived: there is no time to tell, and `lost` says why.
    ...(after.delivered === 0 ? {} : { seconds }),
    lost: after.lost,
    duplicated: after.duplicated,
    outOfOrder: after.outOfOrder,
  };
}
