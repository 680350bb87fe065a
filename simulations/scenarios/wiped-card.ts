import { line } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

/** A device gets an empty card and its old key: its peers remember it, it remembers nothing. */
export const wipedCard: Scenario = {
  name: 'wiped-card',
  summary:
    'A device loses its disk and keeps its key, once with peers at hand and once without; it learns its own past back, uses no number again, and nobody misses anything.',
  durationText: '8 min',
  overlays: ['model', 'libp2p'],
  async run(context) {
    const mesh = await context.mesh({ names: ['device', 'hub', 'office'], topology: line() });
    const traffic = new FieldTraffic(mesh);
    mesh.subscribeAll('#', { from: 'all', durable: 'app' });
    for (let n = 0; n < 20; n++) await traffic.say('device');
    await mesh.advance('10s');
    await mesh.wipe('device');
    await traffic.keepTalking(['device', 'office'], { rounds: 10, everyMs: 2_000 });
    await mesh.converged({ within: '1m' });
    const own = mesh
      .node('device')
      .logs()
      .filter((log) => log.own && log.channel === 'main');
    really(
      own.length >= 1 &&
        mesh
          .node('device')
          .logs()
          .some(({ author, last }) => author === mesh.node('device').id && last >= 20),
      'the device learns back what it published before',
    );
    // The second time it publishes before it meets anybody who remembers.
    mesh.partition([['device']]);
    await mesh.advance('15s');
    await mesh.wipe('device');
    await traffic.keepTalking(['device', 'office'], { rounds: 10, everyMs: 2_000 });
    mesh.heal();
    await faultsOff(mesh, traffic, { within: '1m' });
  },
};
