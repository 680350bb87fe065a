import { line } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

/** A radio hears and is not heard: packets pass one way only, which must not be taken for a link. */
export const oneWayLink: Scenario = {
  name: 'one-way-link',
  summary:
    'Packets of one link pass in one direction only for four minutes; it is given up, tried again, and works once both are heard.',
  durationText: '8 min',
  overlays: ['model', 'libp2p'],
  async run(context) {
    const mesh = await context.mesh({ names: ['hill', 'valley', 'farm', 'barn'], topology: line() });
    const traffic = new FieldTraffic(mesh);
    const names = mesh.nodes.map(({ name }) => name);
    mesh.subscribeAll('#', { from: 'all' });
    await traffic.all(names);
    await mesh.advance('10s');
    mesh.oneWay('valley', 'farm');
    await traffic.keepTalking(names, { rounds: 24, everyMs: 10_000 });
    const heard = mesh.history.filter(
      ({ event, t, node, author }) =>
        event === 'delivery' &&
        t > 11 &&
        ['hill', 'valley'].includes(node) &&
        ['farm', 'barn'].includes(author ?? ''),
    );
    really(heard.length === 0, 'nothing passes against the direction of the link');
    really(
      mesh.history.some(({ event, node, peer }) => event === 'down' && node === 'valley' && peer === 'farm'),
      'the link is given up',
    );
    await faultsOff(mesh, traffic, { within: '1m' });
  },
};
