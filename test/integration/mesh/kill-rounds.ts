import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Mesh, openMesh } from '../../../src/mesh/index.ts';
import { initRealmDirectory, joinRealmDirectory } from '../../../src/realm/index.ts';

/** What a run found. */
export interface KillReport {
  readonly rounds: number;
  readonly acknowledged: number;
  readonly delivered: number;
}

/**
 * Kills a publishing process again and again at random moments, while a mesh here reads it durably: nothing that
 * was acknowledged is lost or comes twice, no number is used twice, and it always starts again.
 */
export async function runKillRounds(
  rounds: number,
  seed = Math.floor(Math.random() * 2 ** 31),
): Promise<KillReport> {
  console.log(`kill -9, ${rounds} rounds, seed ${seed}`);
  const random = randomOf(seed);
  const home = await mkdtemp(join(tmpdir(), 'sedge-kill-'));
  await initRealmDirectory(join(home, 'reader'), { realmName: 'kill', nodeName: 'reader' });
  const mesh = await openMesh({
    directory: join(home, 'reader'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    mdns: false,
  });
  try {
    await mesh.start();
    const { token } = await mesh.invite();
    await joinRealmDirectory(join(home, 'writer'), token, { nodeName: 'writer', nowMs: Date.now() });
    return await killAndRead(mesh, { home, rounds, random });
  } finally {
    await mesh.stop();
    await rm(home, { recursive: true, force: true });
  }
}

async function killAndRead(
  mesh: Mesh,
  { home, rounds, random }: { home: string; rounds: number; random: () => number },
): Promise<KillReport> {
  const acknowledged = new Map<number, string>();
  const numbers = new Map<string, number>();
  const came = new Map<number, string>();
  const problems: string[] = [];
  const subscription = mesh.subscribe('t', { durable: 'd', from: 'all', gapPatienceMs: 60_000 });
  const reading = (async () => {
    let before = 0;
    for await (const delivery of subscription) {
      if (delivery.kind === 'gap') {
        problems.push(`gap ${delivery.first}-${delivery.last}`);
        continue;
      }
      const id = Number(Buffer.from(delivery.payload).toString());
      const number = `${delivery.epoch} ${delivery.seq}`;
      if (came.has(id)) problems.push(`${id} came twice`);
      if (delivery.seq <= before && !delivery.late) problems.push(`${number} out of order`);
      before = Math.max(before, delivery.seq);
      came.set(id, number);
    }
  })();
  let next = 0;
  for (let round = 0; round < rounds; round++) {
    const child = startWriter(home, mesh.addresses()[0]!, next);
    const lines = createInterface({ input: child.stdout! });
    const ready = Promise.withResolvers<void>();
    const first = Promise.withResolvers<void>();
    const exit = new Promise((resolve) => child.once('exit', resolve));
    void exit.then(() => ready.reject(new Error(`the writer did not start in round ${round}`)));
    lines.on('line', (line) => {
      if (line === 'ready') return ready.resolve();
      const [id, epoch, seq] = line.split(' ') as [string, string, string];
      const number = `${epoch} ${seq}`;
      const other = numbers.get(number);
      if (other !== undefined && other !== Number(id)) problems.push(`${number} used twice`);
      numbers.set(number, Number(id));
      first.resolve();
      acknowledged.set(Number(id), number);
    });
    const closed = new Promise((resolve) => lines.once('close', resolve));
    await ready.promise;
    // Half of the kills come while it publishes, however slow the disk is; the others whenever they come.
    if (round % 2 === 0) await first.promise;
    await sleep(random() * 150);
    child.kill('SIGKILL');
    await Promise.all([exit, closed]);
    // A feeder goes on with what it has no acknowledgement of.
    next = 0;
    while (acknowledged.has(next)) next++;
  }
  const last = startWriter(home, mesh.addresses()[0]!, 1_000_000);
  try {
    const all = [...acknowledged.keys()];
    const end = performance.now() + 30_000;
    while (!all.every((id) => came.has(id)) && performance.now() < end) await sleep(20);
    expect(all.filter((id) => !came.has(id))).toEqual([]);
    expect([...acknowledged].filter(([id, number]) => came.get(id) !== number)).toEqual([]);
    expect(problems).toEqual([]);
    expect(all.length).toBeGreaterThan(rounds);
    return { rounds, acknowledged: all.length, delivered: came.size };
  } finally {
    last.kill('SIGKILL');
    await subscription.close();
    await reading;
  }
}

function startWriter(home: string, peer: string, from: number): ChildProcess {
  const script = join(import.meta.dirname, 'publisher-process.ts');
  return spawn(process.execPath, [script, join(home, 'writer'), peer, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
