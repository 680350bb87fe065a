import { ring } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

/** A device is out of reach for a week, goes on measuring, and loses power twice meanwhile. */
export const deviceOfflineForAWeek: Scenario = {
  name: 'device-offline-for-a-week',
  summary:
    'A device is out of reach for seven days, goes on publishing each hour and loses power twice; then it and the site have all of each other within a minute.',
  durationText: '7 days',
  overlays: ['model'],
  async run(context) {
    const mesh = await context.mesh({
      nodes: context.nodes ?? 5,
      topology: ring(),
      all: { mesh: { sync: { helloIntervalMs: 3_600_000 } } },
    });
    const traffic = new FieldTraffic(mesh);
    const names = mesh.nodes.map(({ name }) => name);
    const device = names.at(-1)!;
    for (const node of mesh.nodes) node.subscribe('#', { from: 'all', durable: 'app' });
    mesh.partition([[device]], { silent: true });
    for (let hour = 0; hour < 7 * 24; hour++) {
      await traffic.all(names);
      if (hour === 50 || hour === 120)
        await mesh.crash(device, { disk: hour === 50 ? 'lose-unsynced' : 'torn' });
      if (hour === 53 || hour === 121) await mesh.restart(device);
      await mesh.advance('1h');
    }
    const foreign = mesh.history.some(
      ({ event, node, author }) => event === 'delivery' && node === device && author !== device,
    );
    really(!foreign, 'the device hears nobody for a week');
    await faultsOff(mesh, traffic, { within: '1m', rest: false });
  },
};
