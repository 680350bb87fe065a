import { SeededRandom } from '../world/seeded-random.ts';
import { grid } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

/** Every node of a site loses power at the same moment, three times, and they come back one after the other. */
export const powerCutOfTheWholeSite: Scenario = {
  name: 'power-cut-of-the-whole-site',
  summary:
    'All nodes lose power at the same moment, three times, and come back one by one; all that was acknowledged as durable is everywhere.',
  durationText: '8 min',
  overlays: ['model', 'libp2p'],
  async run(context) {
    const height = Math.max(2, Math.round((context.nodes ?? 6) / 3));
    const mesh = await context.mesh({
      nodes: 3 * height,
      topology: grid(3, height),
      all: { diskLatency: { syncMs: 15 }, mesh: { commitIntervalMs: 200 } },
    });
    const random = new SeededRandom(`${context.seed} power`);
    const traffic = new FieldTraffic(mesh);
    const names = mesh.nodes.map(({ name }) => name);
    for (const node of mesh.nodes) node.subscribe('#', { from: 'all', durable: 'app' });
    for (let cut = 0; cut < 3; cut++) {
      await traffic.keepTalking(names, { rounds: 20, everyMs: 900 });
      for (const name of names) traffic.start(name, `site/${name}`, { ack: 'accepted' });
      await mesh.advance(random.below(60));
      await Promise.all(
        names.map((name) => mesh.crash(name, { disk: cut === 1 ? 'torn' : 'lose-unsynced' })),
      );
      really(
        mesh.nodes.every(({ running }) => !running),
        'the whole site is dark',
      );
      await mesh.advance('20s');
      for (const name of random.shuffle(names)) {
        await mesh.restart(name);
        await mesh.advance(random.below(4_000));
        traffic.start(name);
      }
      await mesh.advance('30s');
    }
    await faultsOff(mesh, traffic, { within: '1m' });
  },
};
