import { grid } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

const WIDTH = 4;

/** A site falls into two halves that both go on; afterwards both have everything. */
export const twoWayPartition: Scenario = {
  name: 'two-way-partition',
  summary:
    'The mesh falls into two halves for four minutes, both go on publishing, and afterwards all have everything.',
  durationText: '7 min',
  overlays: ['model', 'libp2p'],
  async run(context) {
    const height = Math.max(2, Math.round((context.nodes ?? 2 * WIDTH) / WIDTH));
    const mesh = await context.mesh({ nodes: WIDTH * height, topology: grid(WIDTH, height) });
    const traffic = new FieldTraffic(mesh);
    const names = mesh.nodes.map(({ name }) => name);
    const [left, right] = [names.slice(0, names.length / 2), names.slice(names.length / 2)];
    mesh.subscribeAll('#', { from: 'all' });
    await traffic.all(names);
    await mesh.advance('30s');
    mesh.partition([left, right], { silent: context.seed % 2 === 0 });
    for (let minute = 0; minute < 4; minute++) {
      await traffic.all(names);
      await mesh.advance('1m');
    }
    const crossed = mesh.history.filter(
      ({ event, t, node, author = '' }) =>
        event === 'delivery' && t > 31 && left.includes(node) !== left.includes(author),
    );
    really(crossed.length === 0, 'nothing crosses the partition');
    await faultsOff(mesh, traffic, { within: '1m' });
  },
};
