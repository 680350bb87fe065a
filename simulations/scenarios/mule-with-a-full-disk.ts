import { none } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

const MESSAGES = 600;
const PAYLOAD_BYTES = 4_000;
const DISK_BYTES = 1_500_000;

/** A mule whose disk is full half-way: it brings what fitted, says what is missing, and takes the rest once there is room. */
export const muleWithAFullDisk: Scenario = {
  name: 'mule-with-a-full-disk',
  summary:
    'A mule fills its disk at one end, delivers what fitted at the other, and brings the rest once it has room; nothing it held is lost.',
  durationText: '15 min',
  overlays: ['model'],
  async run(context) {
    const mesh = await context.mesh({
      names: ['field', 'mule', 'office'],
      topology: none(),
      node: { mule: { diskBytes: DISK_BYTES } },
    });
    const traffic = new FieldTraffic(mesh);
    mesh.subscribeAll('#', { from: 'all', durable: 'app' });
    for (let n = 0; n < MESSAGES; n++)
      await mesh.node('field').publish('site/field', `${n} ${'x'.repeat(PAYLOAD_BYTES)}`);
    mesh.mend('field', 'mule');
    await mesh.advance('1m');
    mesh.cut('field', 'mule');
    const refused = mesh.node('mule').counters.get('journal.disk-full');
    really(refused > 0, 'the disk of the mule refuses entries');
    const published = await mesh
      .node('mule')
      .publish('site/mule', 'I am full')
      .catch(() => null);
    really(published === null, 'the mule tells its own applications that its disk is full');
    mesh.mend('mule', 'office');
    await mesh.advance('1m');
    mesh.cut('mule', 'office');
    const brought = mesh.history.filter(
      ({ event, node, author }) => event === 'delivery' && node === 'office' && author === 'field',
    );
    really(
      brought.length >= MESSAGES / 4 && brought.length < MESSAGES,
      `the mule brings what fitted (${brought.length} of ${MESSAGES})`,
    );
    // The mule restarts on its full disk, and still serves.
    await mesh.restart('mule');
    mesh.node('mule').disk.capacityBytes = Number.POSITIVE_INFINITY;
    mesh.mend('field', 'mule');
    await mesh.advance('1m');
    mesh.cut('field', 'mule');
    mesh.mend('mule', 'office');
    await mesh.advance('1m');
    mesh.assertDelivered({ topic: 'site/field', to: ['mule', 'office'] });
    await faultsOff(mesh, traffic);
  },
};
