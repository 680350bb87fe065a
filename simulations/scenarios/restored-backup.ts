import { ring } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { forkedAt } from './forked-at.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

/** A disk is replaced by a backup of a week ago: the node knows a past that its peers have long left behind. */
export const restoredBackup: Scenario = {
  name: 'restored-backup',
  summary:
    'A node gets a backup of its disk of a week ago, and publishes before it meets its peers; the fork ends that epoch alike for all, and everything goes on.',
  durationText: '8 days',
  overlays: ['model'],
  async run(context) {
    const mesh = await context.mesh({
      nodes: context.nodes ?? 4,
      topology: ring(),
      all: { mesh: { sync: { helloIntervalMs: 3_600_000 } } },
    });
    const traffic = new FieldTraffic(mesh);
    const names = mesh.nodes.map(({ name }) => name);
    const victim = names.at(-1)!;
    mesh.subscribeAll('#', { from: 'all', durable: 'app' });
    for (let n = 0; n < 10; n++) await traffic.all(names);
    await mesh.advance('1m');
    await mesh.shutdown(victim);
    const backup = mesh.backup(victim);
    await mesh.restart(victim);
    for (let hour = 0; hour < 7 * 24; hour += 4) {
      await traffic.all(names);
      await mesh.advance('4h');
    }
    await mesh.converged({ within: '1m' });
    mesh.partition([[victim]]);
    await mesh.restore(victim, backup);
    for (let n = 0; n < 5; n++) await traffic.say(victim);
    mesh.heal();
    await mesh.converged({ within: '2m' });
    await mesh.advance('1m');
    const ends = forkedAt(mesh, victim);
    really(ends.length === 1, `all know the fork and end the epoch alike (${ends.join(' | ') || 'no fork'})`);
    // The second time it meets its peers first: it finds its later entries there and forks nothing.
    await mesh.restore(victim, backup);
    await mesh.advance('30s');
    await traffic.all(names);
    await faultsOff(mesh, traffic, { rest: false });
  },
};
