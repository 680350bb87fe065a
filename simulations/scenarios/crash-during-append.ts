import { SeededRandom } from '../world/seeded-random.ts';
import { line } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

/** The power goes in the middle of a write, again and again, in a node that publishes and one that takes in. */
export const crashDuringAppend: Scenario = {
  name: 'crash-during-append',
  summary:
    'The power goes in the middle of a write, a dozen times, at a publisher and at a carrier; what was acknowledged is there, and no number is used twice.',
  durationText: '8 min',
  overlays: ['model', 'libp2p'],
  async run(context) {
    const mesh = await context.mesh({
      names: ['sensor', 'carrier', 'office'],
      topology: line(),
      all: { diskLatency: { syncMs: 12 } },
    });
    const random = new SeededRandom(`${context.seed} append`);
    const traffic = new FieldTraffic(mesh);
    for (const node of mesh.nodes) node.subscribe('#', { from: 'all', durable: 'app' });
    let died = 0;
    for (let round = 0; round < 12; round++) {
      const victim = round % 3 === 2 ? 'carrier' : 'sensor';
      mesh.node(victim).disk.dieAfter(1 + random.below(40));
      for (let n = 0; n < 200 && !mesh.node(victim).disk.dead; n++) {
        traffic.start('sensor', 'site/sensor', { ack: n % 3 === 0 ? 'accepted' : 'durable' });
        if (n % 5 === 0) await mesh.advance(random.below(60));
      }
      if (mesh.node(victim).disk.dead) died++;
      await mesh.crash(victim, { disk: (['torn', 'lose-unsynced', 'keep'] as const)[round % 3]! });
      await mesh.advance(random.below(5_000));
      await mesh.restart(victim);
      await mesh.advance(random.below(20_000));
    }
    really(died >= 10, `the power goes while the disk is being written (${died} times)`);
    really(traffic.failed > 0, 'some messages are never acknowledged');
    await faultsOff(mesh, traffic, { within: '1m' });
  },
};
