import { star } from '../world/topology.ts';
import { faultsOff } from './faults-off.ts';
import { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';
import type { Scenario } from './scenario.ts';

const STORAGE_BYTES = 1_500_000;

/** One author publishes far more than a small node may store; alarms and everybody else's messages must not suffer. */
export const storageExhaustion: Scenario = {
  name: 'storage-exhaustion',
  summary:
    'One author publishes many times what a small node may store; the node stays within its limit, keeps every alarm, and goes on for all others.',
  durationText: '15 min',
  overlays: ['model'],
  async run(context) {
    const mesh = await context.mesh({
      names: ['hub', 'camera', 'door', 'small'],
      topology: star(),
      channels: [
        { name: 'alarm', filter: 'alarm/#' },
        { name: 'video', filter: 'video/#' },
      ],
      all: { mesh: { retention: { alarm: { priority: 'alarm' }, video: { priority: 'bulk' } } } },
      node: {
        small: {
          mesh: {
            storageBytesMax: STORAGE_BYTES,
            retentionIntervalMs: 5_000,
            retention: { alarm: { priority: 'alarm' }, video: { priority: 'bulk' } },
          },
        },
      },
    });
    const traffic = new FieldTraffic(mesh);
    mesh.subscribeAll('#', { from: 'all', durable: 'app' });
    let most = 0;
    for (let n = 0; n < 150; n++) {
      await mesh.node('camera').publish('video/1', `${n} ${'v'.repeat(60_000)}`);
      if (n % 10 === 0) await traffic.all(['door', 'small'], 'alarm/door');
      await mesh.advance('3s');
      most = Math.max(most, mesh.node('small').disk.usedBytes);
    }
    await mesh.advance('1m');
    const channel = (name: string) =>
      mesh
        .node('small')
        .mesh.channels()
        .find((status) => status.channel === name)!;
    really(
      mesh.node('hub').disk.usedBytes > 4 * STORAGE_BYTES,
      'far more is published than the small node may store',
    );
    really(most < STORAGE_BYTES * 1.5, `the small node stays within its limit (${most} bytes at most)`);
    really(channel('video').messages < 150, 'the small node lets old video go');
    really(
      channel('alarm').messages === 30,
      `the small node keeps every alarm (${channel('alarm').messages} of 30)`,
    );
    await faultsOff(mesh, traffic, { rest: false });
  },
};
