import { line } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

/** A node joins behind a relay that carries and never gossips: the past comes hop by hop, and so does the present. */
export const lateJoinerBehindASyncOnlyRelay: Scenario = {
  name: 'late-joiner-behind-a-sync-only-relay',
  summary:
    'A node joins behind a relay that only syncs; it gets all that was said before it came, and both sides go on hearing each other.',
  durationText: '6 min',
  overlays: ['model', 'libp2p'],
  async run(context) {
    const mesh = await context.mesh({
      names: ['author', 'relay'],
      topology: line(),
      node: { relay: { role: 'sync-only' } },
    });
    const traffic = new FieldTraffic(mesh);
    mesh.subscribeAll('#', { from: 'all' });
    for (let n = 0; n < 200; n++) await traffic.say('author');
    await mesh.node('author').publish('site/large', 'large '.repeat(40_000));
    await mesh.advance('1m');
    await mesh.addNode('late', { links: ['relay'] });
    mesh.node('late').subscribe('#', { from: 'all' });
    await mesh.converged({ within: '1m' });
    const sent = Object.entries(mesh.network.trafficOf('relay', 'late')).find(([kind]) =>
      kind.includes('gossip'),
    );
    really(sent === undefined || sent[1].packets === 0, 'the relay never gossips');
    await traffic.keepTalking(['author', 'late'], { rounds: 20, everyMs: 3_000 });
    await faultsOff(mesh, traffic, { within: '1m' });
    mesh.assertDelivered();
  },
};
