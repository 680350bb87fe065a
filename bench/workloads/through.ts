import { type BenchNode, openNode, type Variant } from '../bench-node.ts';
import { type BenchRun, variantsOf, type Workload } from '../bench-run.ts';
import type { BenchAck } from '../child/endpoint.ts';
import { makeRealm } from '../make-realm.ts';
import { type Figures, rounded, summarise, type WorkloadResult } from '../workload.ts';

const PAYLOAD_BYTES = 64;
const LATENCY_MESSAGES_PER_SECOND = 500;
const CONNECT_MS_MAX = 20_000;
/** Time for what arrives twice to arrive. */
const SETTLE_MS = 200;

/** Phases of a run, in their order; code is compiled and the path is warm after the first. */
const WARM_UP = 0;
const THROUGHPUT = 1;
const LATENCY = 2;

/** Messages of a phase: gossipsub, being slower, is given less work for about the same time. */
interface PhaseSizes {
  readonly warmUp: number;
  readonly throughput: number;
  readonly latency: number;
}

const SIZES: Readonly<Record<Variant, PhaseSizes>> = {
  library: { warmUp: 20_000, throughput: 200_000, latency: 2_000 },
  agent: { warmUp: 20_000, throughput: 150_000, latency: 2_000 },
  gossipsub: { warmUp: 1_000, throughput: 10_000, latency: 2_000 },
};

/**
 * W1: publisher, node A, node B, subscriber: how many messages a second come through as fast as they are
 * acknowledged, and how long one takes at 500 a second. Variants take turns, so that what disturbs the machine
 * disturbs all of them.
 */
export const measureThrough: Workload = async (run) => {
  const variants = variantsOf(run, { all: ['library', 'agent', 'gossipsub'] });
  const figures = new Map<Variant, Figures[]>(variants.map((variant) => [variant, []]));
  for (let round = 1; round <= run.runs; round++) {
    for (const variant of variants) {
      run.progress(`W1 ${variant}, run ${round} of ${run.runs}`);
      figures.get(variant)?.push(await oneRun(run, variant));
      await run.stage.clear();
    }
  }
  const results = variants.map((variant) =>
    summarise({ workload: 'W1', variant }, figures.get(variant) ?? [], 'messagesPerSecond'),
  );
  return withRatios(results);
};

/** replicas: as W1, acknowledged when the other node has reported that it holds the message after fsync. */
export const measureReplicas: Workload = async (run) => {
  const results: WorkloadResult[] = [];
  for (const variant of variantsOf(run, { all: ['library', 'agent'], defaults: ['library'] })) {
    for (const ack of ['durable', 'replica'] as const) {
      const figures: Figures[] = [];
      for (let round = 1; round <= run.runs; round++) {
        run.progress(`replicas ${variant} ${ack}, run ${round} of ${run.runs}`);
        figures.push(await oneRun(run, variant, ack));
        await run.stage.clear();
      }
      const of = { workload: 'replicas', variant: `${variant}-${ack}` } as const;
      results.push(summarise(of, figures, 'messagesPerSecond'));
    }
  }
  return results;
};

async function oneRun(run: BenchRun, variant: Variant, ack: BenchAck = 'durable'): Promise<Figures> {
  const { publisher, subscriber } = await openPair(run, variant);
  await subscriber.child.ask('subscribe', {});
  await publisher.child.ask('connected', { timeoutMs: CONNECT_MS_MAX });
  const sizes = scaled(SIZES[variant], run.isQuick ? 0.1 : 1);
  const pair = { publisher, subscriber, ack };
  await onePhase(pair, { phase: WARM_UP, count: sizes.warmUp });
  const fast = await onePhase(pair, { phase: THROUGHPUT, count: sizes.throughput });
  const steady = await onePhase(pair, {
    phase: LATENCY,
    count: sizes.latency,
    messagesPerSecond: LATENCY_MESSAGES_PER_SECOND,
  });
  await assertStored(pair, sizes.warmUp + sizes.throughput + sizes.latency);
  return {
    messages: sizes.throughput,
    payloadBytes: PAYLOAD_BYTES,
    messagesPerSecond: (fast.delivered * 1_000) / (fast.lastMs - fast.firstMs),
    seconds: (fast.lastMs - fast.firstMs) / 1_000,
    ...(steady.p50Ms === null ? {} : { p50Ms: steady.p50Ms }),
    ...(steady.p99Ms === null ? {} : { p99Ms: steady.p99Ms }),
    lost: fast.lost + steady.lost,
    duplicated: fast.duplicated + steady.duplicated,
    outOfOrder: fast.outOfOrder + steady.outOfOrder,
  };
}

interface Pair {
  readonly publisher: BenchNode;
  readonly subscriber: BenchNode;
  readonly ack: BenchAck;
}

/** Node A and node B, which knows A alone. */
async function openPair(run: BenchRun, variant: Variant): Promise<Omit<Pair, 'ack'>> {
  const directories = [run.stage.directory(), run.stage.directory()] as const;
  if (variant !== 'gossipsub') await makeRealm(directories);
  const publisher = await openNode(run.stage, variant, { directory: directories[0], peers: [] });
  const subscriber = await openNode(run.stage, variant, {
    directory: directories[1],
    peers: [publisher.address],
  });
  return { publisher, subscriber };
}

async function onePhase(
  { publisher, subscriber, ack }: Pair,
  phase: { readonly phase: number; readonly count: number; readonly messagesPerSecond?: number },
) {
  await subscriber.child.ask('expect', { phase: phase.phase, count: phase.count });
  const published = await publisher.child.ask('publish', {
    ...phase,
    payloadBytes: PAYLOAD_BYTES,
    ack,
  });
  const received = await subscriber.child.ask('receive', {
    phase: phase.phase,
    timeoutMs: 30_000,
    settleMs: SETTLE_MS,
  });
  return { ...received, firstMs: published.firstMs };
}

/** What was delivered must lie on both disks, or a rate says nothing. Gossipsub keeps nothing. */
async function assertStored({ publisher, subscriber }: Pair, count: number): Promise<void> {
  for (const node of [publisher, subscriber]) {
    const stored = await node.child.ask('stored', {});
    if (stored !== null && stored < count) throw new Error(`A node holds ${stored} of ${count} messages.`);
  }
}

function scaled(sizes: PhaseSizes, factor: number): PhaseSizes {
  return {
    warmUp: Math.ceil(sizes.warmUp * factor),
    throughput: Math.ceil(sizes.throughput * factor),
    latency: Math.ceil(sizes.latency * factor),
  };
}

function withRatios(results: readonly WorkloadResult[]): WorkloadResult[] {
  const base = results.find((result) => result.variant === 'gossipsub')?.messagesPerSecond;
  return results.map((result) =>
    base === undefined || result.messagesPerSecond === undefined
      ? result
      : { ...result, ratioToGossipsub: rounded(result.messagesPerSecond / base) },
  );
}
