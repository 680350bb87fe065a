import { line } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { forkedAt } from './forked-at.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

/** Somebody copies the card of a running device to set up a second one, and both go on under one key. */
export const clonedSdCard: Scenario = {
  name: 'cloned-sd-card',
  summary:
    'A device runs twice from copies of one card: all nodes end the forked epoch at the same number, both go on in new ones, and every message arrives once.',
  durationText: '8 min',
  overlays: ['model'],
  async run(context) {
    const mesh = await context.mesh({ names: ['device', 'yard', 'office', 'hall'], topology: line() });
    const traffic = new FieldTraffic(mesh);
    mesh.subscribeAll('#', { from: 'all' });
    for (let n = 0; n < 10; n++) await traffic.say('device');
    await mesh.advance('10s');
    // The copy starts where nobody sees both.
    const apart = context.seed % 2 === 0;
    if (apart) mesh.partition([['device', 'yard']]);
    // Of a card that was taken out in order the copy knows the next number, and both use it.
    const clean = context.seed % 3 !== 0;
    if (clean) await mesh.shutdown('device');
    await mesh.clone('device', 'copy', { links: ['hall'] });
    if (clean) await mesh.restart('device');
    mesh.node('copy').subscribe('#', { from: 'all' });
    await traffic.keepTalking(['device', 'copy', 'office'], { rounds: 15, everyMs: 4_000 });
    if (apart) mesh.heal();
    await traffic.keepTalking(['device', 'copy', 'office'], { rounds: 15, everyMs: 4_000 });
    await mesh.converged({ within: '2m' });
    const ends = forkedAt(mesh, 'device');
    really(
      ends.length === (clean ? 1 : ends.length),
      `two entries of the device exclude each other, and all end its epoch at one number (${ends.join(' | ')})`,
    );
    await faultsOff(mesh, traffic);
  },
};
