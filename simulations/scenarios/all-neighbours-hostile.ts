import { SeededRandom } from '../world/seeded-random.ts';
import { none } from '../world/topology.ts';
import { FieldTraffic } from './field-traffic.ts';
import { HostileNeighbour, type Hostility } from './hostile-neighbour.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

const KINDS: readonly Hostility[] = ['lies', 'pushes', 'floods', 'babbles'];

/** A node knows only liars and vandals for minutes, all of them with a grant, and then meets one honest node. */
export const allNeighboursHostile: Scenario = {
  name: 'all-neighbours-hostile',
  summary:
    'A node has only hostile neighbours that lie, push, flood and babble; then one honest contact, and within a minute both have all of each other.',
  durationText: '6 min',
  overlays: ['model', 'libp2p'],
  async run(context) {
    const mesh = await context.mesh({
      names: ['victim', 'honest', 'friend'],
      topology: none(),
      settle: false,
    });
    const traffic = new FieldTraffic(mesh);
    mesh.subscribeAll('#', { from: 'all' });
    mesh.mend('honest', 'friend');
    const realmId = mesh.node('victim').place.anchor.id;
    const hosts: HostileNeighbour[] = [];
    for (const kind of KINDS) {
      await mesh.hostile(
        `mallory-${kind}`,
        (overlay, _identity, chain) => {
          const random = new SeededRandom(`${context.seed} ${kind}`);
          hosts.push(new HostileNeighbour({ overlay, chain, realmId }, kind, random));
        },
        { links: ['victim'] },
      );
    }
    await traffic.keepTalking(['victim', 'honest'], { rounds: 30, everyMs: 6_000 });
    const acts = hosts.map((host) => host.acts);
    really(
      acts.every((count) => count > 0),
      `every neighbour does its worst (${acts.join(', ')} acts)`,
    );
    const { counters } = mesh.node('victim');
    const refused = Object.values(counters.snapshot()).reduce((sum, count) => sum + count, 0);
    really(refused > 10, `the victim refuses and counts it (${JSON.stringify(counters.snapshot())})`);
    mesh.mend('honest', 'victim');
    await traffic.all(['victim', 'honest', 'friend']);
    await mesh.advance('10s');
    await mesh.converged({ within: '1m' });
    mesh.assertDelivered();
  },
};
