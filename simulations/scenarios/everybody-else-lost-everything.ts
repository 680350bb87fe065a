import { star } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

/** One node remembers all its peers, and they have lost everything, their own logs too. */
export const everybodyElseLostEverything: Scenario = {
  name: 'everybody-else-lost-everything',
  summary:
    'All cards but one are wiped while that node is out of reach; it gives everybody everything back, their own messages included.',
  durationText: '6 min',
  overlays: ['model', 'libp2p'],
  async run(context) {
    const mesh = await context.mesh({ names: ['keeper', 'hub', 'east', 'west'], topology: star() });
    const traffic = new FieldTraffic(mesh);
    const others = ['hub', 'east', 'west'];
    mesh.subscribeAll('#', { from: 'all', durable: 'app' });
    for (let n = 0; n < 15; n++) await traffic.all(mesh.nodes.map(({ name }) => name));
    await mesh.converged({ within: '1m' });
    mesh.partition([['keeper']]);
    await mesh.advance('15s');
    for (const name of others) await mesh.wipe(name);
    await traffic.keepTalking(others, { rounds: 5, everyMs: 2_000 });
    const heldBefore = mesh
      .node('hub')
      .logs()
      .filter(({ author, channel }) => channel === 'main' && author === mesh.node('keeper').id);
    really(heldBefore.length === 0, 'the others have lost everything');
    mesh.heal();
    await mesh.converged({ within: '1m' });
    const returned = mesh
      .node('east')
      .logs()
      .filter(({ author, last }) => author === mesh.node('east').id && last >= 15);
    really(returned.length > 0, 'a node gets its own messages back');
    await faultsOff(mesh, traffic, { within: '1m' });
  },
};
