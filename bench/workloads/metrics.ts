import { setTimeout as sleep } from 'node:timers/promises';
import { connectAgent } from '../../node/control/client/index.ts';
import type { Mesh } from '../../src/index.ts';
import { type BenchRun, variantsOf, type Workload } from '../bench-run.ts';
import { makeRealm } from '../make-realm.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import { cpuSeconds } from '../process-figures.ts';
import { percentile } from '../statistics.ts';
import { type Figures, summarise } from '../workload.ts';

const PEERS = 20;
const CHANNELS = 10;
const SCRAPES = 60;
/** Of each peer, so that something changes between two scrapes. */
const MESSAGES_PER_SECOND = 2;

/** Longer than telemetry keeps an answer, so that each scrape pays for its own. */
const BETWEEN_MS = 300;
const WARM_UP = 20;

/** How long a scrape of `/metrics` takes at an agent with 20 peers and 10 channels, and what measuring costs when nobody asks. */
export const measureMetrics: Workload = async (run) => {
  if (variantsOf(run, { all: ['agent'] }).length === 0) return [];
  const figures: Figures[] = [];
  for (let round = 1; round <= run.runs; round++) {
    run.progress(`metrics, run ${round} of ${run.runs}`);
    figures.push(await oneRun(run));
    await run.stage.clear();
  }
  return [summarise({ workload: 'metrics', variant: 'agent' }, figures, 'p50Ms')];
};

async function oneRun(run: BenchRun): Promise<Figures> {
  const { stage, isQuick } = run;
  const peers = isQuick ? PEERS / 5 : PEERS;
  const [directory = '', ...others] = Array.from({ length: peers + 1 }, () => stage.directory());
  await makeRealm([directory, ...others]);
  const agent = stage.agent({ directory, peers: [], http: '0' });
  await agent.ready();
  const client = connectAgent({ directory });
  const names = Array.from({ length: CHANNELS - 1 }, (_, n) => `c${n}`);
  await client.declareChannels(names.map((name) => ({ name, filter: `${name}/#` })));
  const meshes = await Promise.all(others.map((place) => openPeer(place, agent.address)));
  const traffic = setInterval(() => {
    for (const mesh of meshes) void publishSome(mesh, names).catch(() => {});
  }, 1_000 / MESSAGES_PER_SECOND);
  try {
    while ((await client.status()).peersConnected < peers) await sleep(100);
    return await measure(agent, isQuick ? { scrapes: 4, warmUp: 1 } : { scrapes: SCRAPES, warmUp: WARM_UP });
  } finally {
    clearInterval(traffic);
    await client.close();
    await Promise.all(meshes.map((mesh) => mesh.stop()));
  }
}

async function measure(
  agent: { readonly pid: number; readonly httpUrl: string },
  { scrapes, warmUp }: { readonly scrapes: number; readonly warmUp: number },
): Promise<Figures> {
  const scrape = async () => (await fetch(`${agent.httpUrl}/metrics`)).text();
  // The first ones load what makes the page, and the peers have just come.
  for (let n = 0; n < warmUp; n++) await Promise.all([scrape(), sleep(BETWEEN_MS)]);
  const took: number[] = [];
  let page = '';
  const busy = await coreShareOf(agent.pid, async () => {
    for (let n = 0; n <= scrapes; n++) {
      await sleep(BETWEEN_MS);
      page = await scrape();
      // Each page has how long the one before took; this process is too busy with the peers to say.
      if (n > 0) took.push(valueOn(page, 'sedge_metrics_scrape_seconds') * 1_000);
    }
  });
  const quiet = await coreShareOf(agent.pid, () => sleep(busy.elapsedMs));
  return {
    p50Ms: percentile(took, 50) ?? 0,
    p99Ms: percentile(took, 99) ?? 0,
    cpuMsPerScrape: ((busy.share - quiet.share) * busy.elapsedMs) / (scrapes + 1),
    series: valueOn(page, 'sedge_metrics_series'),
    pageBytes: page.length,
    coreShare: quiet.share,
  };
}

/** Processor time of a process during some work, in parts of the time that passed. */
async function coreShareOf(
  pid: number,
  work: () => Promise<unknown>,
): Promise<{ share: number; elapsedMs: number }> {
  const before = await cpuSeconds(pid);
  const beganMs = monotonicMs();
  await work();
  const elapsedMs = monotonicMs() - beganMs;
  return { share: ((await cpuSeconds(pid)) - before) / (elapsedMs / 1_000), elapsedMs };
}

function valueOn(page: string, name: string): number {
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1] ?? 0);
}

/** In this process: twenty more would be busier with themselves than the agent. */
async function openPeer(directory: string, agent: string): Promise<Mesh> {
  const { openMesh } = await import('../../src/index.ts');
  const listen = ['/ip4/127.0.0.1/tcp/0'];
  const mesh = await openMesh({ directory, listen, peers: [agent], mdns: false, discovery: false });
  await mesh.start();
  return mesh;
}

async function publishSome(mesh: Mesh, channels: readonly string[]): Promise<void> {
  const channel = channels[Math.floor(Math.random() * (channels.length + 1))];
  await mesh.publish(channel === undefined ? 'site/temp' : `${channel}/temp`, '21.5', { ack: 'accepted' });
}
