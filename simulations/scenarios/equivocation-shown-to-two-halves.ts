import { line } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { rawCbor, rawEntry } from './raw-frames.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

const EPOCH = Buffer.from('00000000000000ee', 'hex');

/** A member signs two different messages under one number and shows each half of the mesh another one. */
export const equivocationShownToTwoHalves: Scenario = {
  name: 'equivocation-shown-to-two-halves',
  summary:
    'A member signs two messages under one number and shows one to each half; once they meet, all know the fork and end that epoch alike, and nothing else suffers.',
  durationText: '6 min',
  overlays: ['model', 'libp2p'],
  async run(context) {
    const mesh = await context.mesh({ names: ['a1', 'a2', 'b1', 'b2'], topology: line() });
    const traffic = new FieldTraffic(mesh);
    const names = mesh.nodes.map(({ name }) => name);
    mesh.subscribeAll('#', { from: 'all' });
    const { anchor } = mesh.node('a1').place;
    const { overlay, identity } = await mesh.hostile(
      'mallory',
      (made, _identity, chain) => {
        // It shows its grant and says no more: its entries count.
        made.handle('/sedge/sync/1', async (stream) => {
          await stream.send(rawCbor([0, 1, chain])).catch(() => {});
        });
        made.onPeer(({ kind, node }) => {
          if (kind !== 'up') return;
          made.open(node, '/sedge/sync/1').then(
            (stream) => stream.send(rawCbor([0, 1, chain])),
            () => {},
          );
        });
        made.join(`/sedge/1/${anchor.id}/0`, () => 'ignore');
      },
      { links: names },
    );
    // All know it, then the mesh falls apart, and it is near one half at a time.
    await mesh.advance('5s');
    for (const name of names.slice(1)) mesh.cut('mallory', name);
    mesh.partition([['a1', 'a2', 'mallory']]);
    const show = (text: string) =>
      overlay.publish(
        `/sedge/1/${anchor.id}/0`,
        rawEntry(identity, anchor.id, { epoch: EPOCH, seq: 1, prev: null, text }),
      );
    await mesh.advance('5s');
    show('the door is open');
    await traffic.keepTalking(names, { rounds: 3, everyMs: 2_000 });
    mesh.cut('mallory', 'a1');
    mesh.mend('mallory', 'b2');
    await mesh.advance('5s');
    show('the door is shut');
    await traffic.keepTalking(names, { rounds: 3, everyMs: 2_000 });
    mesh.cut('mallory', 'b2');
    await mesh.advance('5s');
    const told = mesh.history.filter(({ event, author }) => event === 'delivery' && author === 'mallory');
    really(
      told.length === 4 && new Set(told.map(({ content }) => content)).size === 2,
      `each half is shown another message (${told.map(({ node }) => node).join(', ')})`,
    );
    mesh.heal();
    await traffic.keepTalking(names, { rounds: 5, everyMs: 2_000 });
    await mesh.converged({ within: '1m' });
    for (const node of mesh.nodes) {
      const fork = node.mesh.forks().find(({ author }) => author === identity.nodeId);
      really(
        fork?.end === 1 && fork.alarm,
        `${node.name} knows the fork, ends that epoch at its first number and raises the alarm`,
      );
      really(
        !node.logs().some((log) => log.author === identity.nodeId && log.channel === 'main' && log.held > 0),
        `${node.name} counts nothing of it any more`,
      );
    }
    // Mallory stays away.
    await faultsOff(mesh, traffic, { within: '1m', rest: false });
  },
};
