import { ring } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

const CHANNELS = 60;

/** Every node publishes in every channel at once, while the mesh is in two parts and a node starts anew. */
export const channelStorm: Scenario = {
  name: 'channel-storm',
  summary:
    'Sixty channels, and every node publishes in all of them at once while the mesh is in parts and one node starts again; all comes together within minutes.',
  durationText: '6 min',
  overlays: ['model', 'libp2p'],
  async run(context) {
    const mesh = await context.mesh({
      nodes: context.nodes ?? 4,
      topology: ring(),
      channels: Array.from({ length: CHANNELS }, (_, n) => ({ name: `c${n}`, filter: `c${n}/#` })),
    });
    const traffic = new FieldTraffic(mesh);
    const names = mesh.nodes.map(({ name }) => name);
    mesh.subscribeAll('#', { from: 'all' });
    mesh.partition([[names[0]!, names[1]!]]);
    for (let round = 0; round < 3; round++) {
      for (const name of names)
        for (let channel = 0; channel < CHANNELS; channel++) traffic.start(name, `c${channel}/${name}`);
      await mesh.advance('5s');
    }
    await mesh.restart(names[0]!);
    await mesh.advance('20s');
    const used = new Set(mesh.published.map(({ channel }) => channel));
    really(used.size === CHANNELS && traffic.failed === 0, `all channels are used at once (${used.size})`);
    await faultsOff(mesh, traffic, { rest: false });
  },
};
