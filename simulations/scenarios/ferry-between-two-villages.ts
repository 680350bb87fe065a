import { SeededRandom } from '../world/seeded-random.ts';
import { links } from '../world/topology.ts';
import { endFaults } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

const UPPER = ['upper-1', 'upper-2', 'upper-3'];
const LOWER = ['lower-1', 'lower-2'];

/** Two villages that never meet, and a ferry that calls at one, then at the other. */
export const ferryBetweenTwoVillages: Scenario = {
  name: 'ferry-between-two-villages',
  summary:
    'A ferry meets one village, then the other, for five days; each message is in the other village after the next crossing.',
  durationText: '5 days',
  overlays: ['model'],
  async run(context) {
    const mesh = await context.mesh({
      names: [...UPPER, ...LOWER, 'ferry'],
      topology: links([
        ['upper-1', 'upper-2'],
        ['upper-2', 'upper-3'],
        ['lower-1', 'lower-2'],
      ]),
      all: { mesh: { sync: { helloIntervalMs: 3_600_000 } } },
      settle: false,
    });
    const random = new SeededRandom(`${context.seed} ferry`);
    const traffic = new FieldTraffic(mesh);
    mesh.subscribeAll('#', { from: 'all' });
    for (let crossing = 0; crossing < 20; crossing++) {
      const quay = crossing % 2 === 0 ? 'upper-1' : 'lower-2';
      mesh.mend('ferry', quay);
      // Sometimes just long enough to see each other.
      const stayMs = 20_000 + random.below(3_600_000);
      await mesh.advance(stayMs);
      mesh.cut('ferry', quay);
      await traffic.keepTalking([...UPPER, ...LOWER, 'ferry'], {
        rounds: 5,
        everyMs: 3_600_000 - stayMs / 8,
      });
    }
    const met = mesh.history.some(
      ({ event, node, peer = '' }) =>
        event === 'up' && node.split('-')[0] !== peer.split('-')[0] && ![node, peer].includes('ferry'),
    );
    really(!met, 'the villages never meet');
    // Two more crossings bring what was published before them.
    for (const quay of ['upper-1', 'lower-2', 'upper-1']) {
      mesh.mend('ferry', quay);
      await mesh.advance('2m');
      mesh.cut('ferry', quay);
    }
    mesh.assertDelivered();
    await endFaults(mesh);
    await mesh.converged({ within: '1m' });
  },
};
