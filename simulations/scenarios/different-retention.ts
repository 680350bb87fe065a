import { line } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

const PAYLOAD = 'x'.repeat(1_000);

/** An archive keeps all, a gateway an hour, a sensor next to nothing: each is content with what it keeps, and no node asks for ever. */
export const differentRetention: Scenario = {
  name: 'different-retention',
  summary:
    'An archive keeps all, a gateway little, a sensor next to nothing; they are in sync all the same, and a newcomer behind the gateway gets the past once it meets the archive.',
  durationText: '30 min',
  overlays: ['model'],
  async run(context) {
    const mesh = await context.mesh({
      names: ['archive', 'gateway', 'sensor'],
      topology: line(),
      all: { mesh: { retentionIntervalMs: 5_000 } },
      node: {
        gateway: { mesh: { retentionIntervalMs: 5_000, retention: { main: { retentionMessages: 60 } } } },
        sensor: { mesh: { retentionIntervalMs: 5_000, retention: { main: { retentionBytes: 20_000 } } } },
      },
    });
    const traffic = new FieldTraffic(mesh);
    mesh.subscribeAll('#', { from: 'all', durable: 'app' });
    for (let n = 0; n < 400; n++) {
      await mesh.node('sensor').publish('site/sensor', `${n} ${PAYLOAD}`);
      await mesh.advance('2s');
    }
    await mesh.advance('1m');
    const held = (name: string) =>
      mesh
        .node(name)
        .mesh.channels()
        .find(({ channel }) => channel === 'main')!.messages;
    really(
      held('archive') === 400 && held('gateway') < 150 && held('sensor') < 150,
      `they keep different parts (${['archive', 'gateway', 'sensor'].map(held).join(', ')} messages)`,
    );
    await mesh.addNode('late', { links: ['gateway'] });
    mesh.node('late').subscribe('#', { from: 'all', durable: 'app' });
    await mesh.advance('1m');
    really(
      held('late') >= 10 && held('late') < 200,
      `a newcomer gets what the gateway has (${held('late')} messages)`,
    );
    mesh.mend('late', 'archive');
    await mesh.advance('1m');
    really(held('late') === 400, `the newcomer gets the rest of the archive (${held('late')} messages)`);
    await faultsOff(mesh, traffic);
  },
};
