import { grid } from '../world/topology.ts';
import type { Scenario } from './scenario.ts';

const WIDTH = 4;

/** A site falls into two halves that both go on; afterwards both have everything. */
export const twoWayPartition: Scenario = {
  name: 'two-way-partition',
  summary:
    'The mesh falls into two halves for four minutes, both go on publishing, and afterwards all have everything.',
  durationText: '6 min',
  overlays: ['model', 'libp2p'],
  async run(context) {
    const height = Math.max(2, Math.round((context.nodes ?? 2 * WIDTH) / WIDTH));
    const mesh = await context.mesh({ nodes: WIDTH * height, topology: grid(WIDTH, height) });
    const names = mesh.nodes.map(({ name }) => name);
    for (const name of names) mesh.node(name).subscribe('#', { from: 'all' });
    const publishAll = async (what: string) => {
      for (const name of names) await mesh.node(name).publish(`site/${name}/temp`, what);
    };
    await publishAll('before');
    await mesh.advance('30s');
    mesh.partition([names.slice(0, names.length / 2), names.slice(names.length / 2)]);
    for (let minute = 0; minute < 4; minute++) {
      await publishAll(`minute ${minute} of the partition`);
      await mesh.advance('1m');
    }
    mesh.heal();
    await mesh.converged({ within: '1m' });
    await publishAll('after');
    await mesh.advance('20s');
    await mesh.converged({ within: '1m' });
  },
};
