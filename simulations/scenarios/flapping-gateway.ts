import { SeededRandom } from '../world/seeded-random.ts';
import { links } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

/** Two sites behind one modem whose link comes and goes every few seconds, in the middle of whatever is being said. */
export const flappingGateway: Scenario = {
  name: 'flapping-gateway',
  summary:
    'The only link between two sites comes and goes every few seconds for four minutes; what fits through passes, and at the end all is there.',
  durationText: '7 min',
  overlays: ['model', 'libp2p'],
  async run(context) {
    const mesh = await context.mesh({
      names: ['a1', 'a2', 'gateway', 'b1', 'b2'],
      topology: links([
        ['a1', 'a2'],
        ['a1', 'gateway'],
        ['a2', 'gateway'],
        ['gateway', 'b1'],
        ['b1', 'b2'],
      ]),
      link: { latencyMs: 60, jitterMs: 40, bytesPerSecond: 30_000 },
    });
    const random = new SeededRandom(`${context.seed} flapping`);
    const traffic = new FieldTraffic(mesh);
    mesh.subscribeAll('#', { from: 'all' });
    const endMs = mesh.sinceReadyMs + 240_000;
    let flaps = 0;
    for (; mesh.sinceReadyMs < endMs; flaps++) {
      const kind = random.below(3);
      if (kind === 0) mesh.cut('gateway', 'b1');
      else if (kind === 1) mesh.blackHole('gateway', 'b1');
      else mesh.oneWay('b1', 'gateway');
      await traffic.keepTalking(['a1', 'b2'], { rounds: 1 + random.below(8), everyMs: 700 });
      mesh.mend('gateway', 'b1');
      await traffic.keepTalking(['a2', 'b1'], { rounds: 1 + random.below(12), everyMs: 500 });
    }
    const downs = mesh.history.filter(
      ({ event, node, peer }) => event === 'down' && node === 'gateway' && peer === 'b1',
    );
    really(
      flaps >= 20 && downs.length >= 8,
      `the link flaps (${flaps} times, noticed ${downs.length} times)`,
    );
    const crossed = mesh.history.some(
      ({ event, node, author }) => event === 'delivery' && node === 'b2' && author === 'a1',
    );
    really(crossed, 'messages pass while the link flaps');
    await faultsOff(mesh, traffic, { within: '1m' });
  },
};
