import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { randomGeometric, SimulatedMesh } from '../../simulations/index.ts';

/** A week of eight nodes in which everything happens that chance has a hand in; the mesh is still to be stopped. */
export async function stormyWeek(seed: number): Promise<SimulatedMesh> {
  const mesh = await SimulatedMesh.create({
    nodes: 8,
    topology: randomGeometric({ radius: 0.4 }),
    seed,
    channels: [{ name: 'alarm', filter: 'alarm/#' }],
    link: { latencyMs: 20, jitterMs: 15, bytesPerSecond: 20_000 },
    // A week of hellos every 30 s would be most of the work, and they bring nothing that is not brought otherwise.
    all: { mesh: { sync: { helloIntervalMs: 3_600_000 } } },
    node: { n3: { clock: { startMs: 0 } }, n4: { diskLatency: { syncMs: 15 } }, n5: { role: 'sync-only' } },
  });
  for (const node of mesh.nodes) node.subscribe('#', { durable: 'all', from: 'all' });
  for (let day = 0; day < 7; day++) {
    await Promise.all(
      mesh.nodes.filter(({ running }) => running).map((node) => node.publish('site/x', `${day}`)),
    );
    if (day === 1) mesh.partition([['n1', 'n2', 'n3']], { silent: true });
    if (day === 2) await mesh.crash('n2', { disk: 'torn' });
    if (day === 3) mesh.heal();
    if (day === 4) await mesh.restart('n2');
    if (day === 5) await mesh.wipe('n4');
    await mesh.node('n1').publish('alarm/x', `${Math.random()}`);
    await mesh.advance('1d');
  }
  await mesh.converged();
  return mesh;
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const mesh = await stormyWeek(Number(argv[2]));
  await mesh.stop();
  console.log(mesh.digest());
}
