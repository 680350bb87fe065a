import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchRun, variantsOf, type Workload } from '../bench-run.ts';
import { HttpConnection, HttpFollowers } from '../http-load.ts';
import { makeRealm } from '../make-realm.ts';
import { cpuSeconds, residentBytes } from '../process-figures.ts';
import { type Figures, summarise } from '../workload.ts';

const PAYLOAD = 'x'.repeat(64);
const BATCH = 100;
const CONNECTIONS = { single: 32, batch: 8 };
const SECONDS = 8;
/** A client that publishes more than it may waits a little. */
const SLOWED_MS = 100;
const FOLLOWERS = 500;
const FOLLOWED_PER_SECOND = 20;
/** Until a stream that was answered is level with what arrives. */
const SETTLE_MS = 500;
const ARRIVE_MS_MAX = 20_000;

interface Served {
  readonly url: string;
  readonly pid: number;
}

const PLAYS: Readonly<Record<string, (run: BenchRun, served: Served) => Promise<Figures>>> = {
  single: (run, served) => publish(run, served, CONNECTIONS.single, 1),
  'batch-100': (run, served) => publish(run, served, CONNECTIONS.batch, BATCH),
  [`sse-${FOLLOWERS}`]: (run, served) =>
    follow(run, served, { path: '/v1/stream?filter=live', upgrade: false }),
  [`websocket-${FOLLOWERS}`]: (run, served) =>
    follow(run, served, { path: '/v1/socket?filter=live', upgrade: true }),
};

/**
 * http: messages published over keep-alive connections, acknowledged `durable`, one a request and 100; and 500 live streams of
 * 20 messages a second each, by the processor time of the agent.
 */
export const measureHttp: Workload = async (run) => {
  if (variantsOf(run, { all: ['agent'] }).length === 0) return [];
  const figures = new Map(Object.keys(PLAYS).map((name) => [name, [] as Figures[]]));
  for (let round = 1; round <= run.runs; round++) {
    for (const [name, play] of Object.entries(PLAYS)) {
      run.progress(`http ${name}, run ${round} of ${run.runs}`);
      figures.get(name)!.push(await play(run, await serve(run)));
      await run.stage.clear();
    }
  }
  return [...figures].map(([name, all]) =>
    summarise({ workload: 'http', variant: name }, all, 'messagesPerSecond'),
  );
};

async function serve({ stage }: BenchRun): Promise<Served> {
  const directory = stage.directory();
  await makeRealm([directory]);
  const agent = stage.agent({ directory, peers: [], http: '127.0.0.1:0' });
  await agent.ready();
  return { url: agent.httpUrl, pid: agent.pid };
}

async function publish(
  run: BenchRun,
  { url, pid }: Served,
  connections: number,
  batch: number,
): Promise<Figures> {
  const message = `{"topic":"bench","payload":"${PAYLOAD}"}`;
  const [path, body] =
    batch === 1
      ? ['/v1/publish', message]
      : ['/v1/publish-many', `[${Array(batch).fill(message).join(',')}]`];
  const open = await Promise.all(Array.from({ length: connections }, () => HttpConnection.open(url)));
  const seconds = run.isQuick ? SECONDS / 10 : SECONDS;
  const post = async (untilMs: number) => {
    let taken = 0;
    let lost = 0;
    const one = async (connection: HttpConnection): Promise<void> => {
      while (performance.now() < untilMs) {
        const status = await connection.post(path!, body!);
        if (status === 200) taken += batch;
        else if (status === 429) await sleep(SLOWED_MS);
        else lost += batch;
      }
    };
    await Promise.all(open.map(one));
    return { taken, lost };
  };
  await post(performance.now() + seconds * 250);
  const [usedBefore, startedAtMs] = [await cpuSeconds(pid), performance.now()];
  const { taken, lost } = await post(startedAtMs + seconds * 1_000);
  const passed = (performance.now() - startedAtMs) / 1_000;
  for (const connection of open) connection.close();
  return {
    messages: taken,
    payloadBytes: PAYLOAD.length,
    messagesPerSecond: taken / passed,
    seconds: passed,
    lost,
    coreShare: ((await cpuSeconds(pid)) - usedBefore) / passed,
    residentMB: (await residentBytes(pid)) / 1e6,
  };
}

async function follow(
  run: BenchRun,
  { url, pid }: Served,
  { path, upgrade }: { readonly path: string; readonly upgrade: boolean },
): Promise<Figures> {
  const count = run.isQuick ? FOLLOWERS / 10 : FOLLOWERS;
  const seconds = run.isQuick ? SECONDS / 4 : SECONDS * 2;
  const followers = new HttpFollowers(PAYLOAD);
  for (let n = 0; n < count; n++) await followers.open(url, path, upgrade);
  await sleep(SETTLE_MS);
  const publisher = await HttpConnection.open(url);
  const body = `{"topic":"live","payload":"${PAYLOAD}"}`;
  const [usedBefore, startedAtMs] = [await cpuSeconds(pid), performance.now()];
  const published = seconds * FOLLOWED_PER_SECOND;
  for (let n = 0; n < published; n++) {
    await publisher.post('/v1/publish', body);
    await sleep(Math.max(0, startedAtMs + ((n + 1) * 1_000) / FOLLOWED_PER_SECOND - performance.now()));
  }
  const expected = published * count;
  for (const endMs = performance.now() + ARRIVE_MS_MAX; followers.messages < expected; await sleep(20))
    if (performance.now() > endMs) break;
  const passed = (performance.now() - startedAtMs) / 1_000;
  const used = (await cpuSeconds(pid)) - usedBefore;
  publisher.close();
  followers.close();
  return {
    messages: followers.messages,
    payloadBytes: PAYLOAD.length,
    messagesPerSecond: followers.messages / passed,
    seconds: passed,
    lost: Math.max(0, expected - followers.messages),
    duplicated: Math.max(0, followers.messages - expected),
    coreShare: used / passed,
    residentMB: (await residentBytes(pid)) / 1e6,
  };
}
