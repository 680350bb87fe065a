import { randomGeometric } from '../world/topology.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

const MINUTES = 7 * 24 * 60;

/** A mesh of fifty nodes in two halves for a week, with a message a minute on each side. */
export const weekLongPartition: Scenario = {
  name: 'week-long-partition',
  summary:
    'Fifty nodes fall into two halves for seven days, with a message a minute on each side; within minutes of the heal all have all.',
  durationText: '7 days',
  overlays: ['model'],
  async run(context) {
    const mesh = await context.mesh({
      nodes: context.nodes ?? 50,
      topology: randomGeometric({ radius: 0.25 }),
      // Greetings bring nothing here that meeting, holes and changes do not bring, and are most of a week's work.
      all: { mesh: { sync: { helloIntervalMs: 3_600_000 } } },
    });
    const names = mesh.nodes.map(({ name }) => name);
    const [left, right] = [names.slice(0, names.length / 2), names.slice(names.length / 2)];
    // Two readers on each side; that all others hold the same is seen on their disks.
    const readers = [left[0]!, left.at(-1)!, right[0]!, right.at(-1)!];
    for (const name of readers) mesh.node(name).subscribe('#', { from: 'all' });
    mesh.partition([left, right]);
    for (let minute = 0; minute < MINUTES; minute++) {
      for (const half of [left, right]) {
        const name = half[minute % half.length]!;
        void mesh.node(name).publish('site/minute', `${minute} by ${name}`);
      }
      await mesh.advance('1m');
    }
    const crossed = mesh.history.some(
      ({ event, node, author = '' }) => event === 'delivery' && left.includes(node) !== left.includes(author),
    );
    really(!crossed && mesh.published.length === 2 * MINUTES, 'the halves are apart for a week');
    mesh.heal();
    await mesh.converged({ within: '10m' });
    await mesh.advance('10s');
    mesh.assertDelivered();
  },
};
