import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchNode, openNode } from '../bench-node.ts';
import { type BenchRun, variantsOf, type Workload } from '../bench-run.ts';
import { makeRealm } from '../make-realm.ts';
import { directoryBytes, HAS_PROCESS_FIGURES, writtenBytes } from '../process-figures.ts';
import { type Figures, summarise } from '../workload.ts';

const PAYLOAD_BYTES = 256;
const MESSAGES_PER_SECOND = 10;
const COMMIT_INTERVALS_MS = [0, 200, 1_000];
const MEASURED_SECONDS = 25;
const CONNECT_MS_MAX = 20_000;

const WARM_UP = 0;
const STEADY = 1;

/** W3: bytes written a message at a steady 10 a second. The intervals run side by side, as they mostly wait. */
export const measureBytesWritten: Workload = async (run) => {
  if (!HAS_PROCESS_FIGURES || variantsOf(run, { all: ['library'] }).length === 0) return [];
  const figures: Figures[][] = COMMIT_INTERVALS_MS.map(() => []);
  for (let round = 1; round <= run.runs; round++) {
    run.progress(`W3 commit intervals side by side, run ${round} of ${run.runs}`);
    const runs = await Promise.all(
      COMMIT_INTERVALS_MS.map((commitIntervalMs) => oneRun(run, commitIntervalMs)),
    );
    for (const [index, one] of runs.entries()) figures[index]?.push(one);
    await run.stage.clear();
  }
  return COMMIT_INTERVALS_MS.map((commitIntervalMs, index) =>
    summarise(
      { workload: 'W3', variant: `commit-${commitIntervalMs}ms` },
      figures[index] ?? [],
      'bytesWrittenPerMessage',
    ),
  );
};

async function oneRun(run: BenchRun, commitIntervalMs: number): Promise<Figures> {
  const directories = [run.stage.directory(), run.stage.directory()] as const;
  await makeRealm(directories);
  const publisher = await openNode(run.stage, 'library', {
    directory: directories[0],
    peers: [],
    commitIntervalMs,
  });
  const subscriber = await openNode(run.stage, 'library', {
    directory: directories[1],
    peers: [publisher.address],
    commitIntervalMs,
  });
  const pair = { publisher, subscriber };
  await subscriber.child.ask('subscribe', {});
  await publisher.child.ask('connected', { timeoutMs: CONNECT_MS_MAX });
  await flow(pair, WARM_UP, MESSAGES_PER_SECOND * 2);

  const count = MESSAGES_PER_SECOND * (run.isQuick ? 8 : MEASURED_SECONDS);
  const before = await readMeters(pair, directories);
  const received = await flow(pair, STEADY, count);
  // What was accepted last is written with the next commit.
  await sleep(commitIntervalMs + 500);
  const after = await readMeters(pair, directories);
  const [publisherBytes, subscriberBytes] = [0, 1].map(
    (side) => (after.written[side]! - before.written[side]!) / count,
  ) as [number, number];
  return {
    messages: count,
    payloadBytes: PAYLOAD_BYTES,
    messagesPerSecond: MESSAGES_PER_SECOND,
    bytesWrittenPerMessage: Math.max(publisherBytes, subscriberBytes),
    bytesWrittenPerMessagePublisher: publisherBytes,
    bytesWrittenPerMessageSubscriber: subscriberBytes,
    fileBytesPerMessage: Math.max(
      ...[0, 1].map((side) => (after.files[side]! - before.files[side]!) / count),
    ),
    lost: received.lost,
    duplicated: received.duplicated,
  };
}

interface Pair {
  readonly publisher: BenchNode;
  readonly subscriber: BenchNode;
}

async function flow({ publisher, subscriber }: Pair, phase: number, count: number) {
  await subscriber.child.ask('expect', { phase, count });
  await publisher.child.ask('publish', {
    phase,
    count,
    payloadBytes: PAYLOAD_BYTES,
    messagesPerSecond: MESSAGES_PER_SECOND,
    ack: 'accepted',
  });
  return subscriber.child.ask('receive', { phase, timeoutMs: CONNECT_MS_MAX, settleMs: 0 });
}

async function readMeters({ publisher, subscriber }: Pair, directories: readonly string[]) {
  return {
    written: await Promise.all([publisher, subscriber].map((node) => writtenBytes(node.pid))),
    files: await Promise.all(directories.map(directoryBytes)),
  };
}
