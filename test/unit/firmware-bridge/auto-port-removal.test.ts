import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { SerialBridge, type SerialPortInfo } from '../../../firmware-bridge/host/index.ts';
import { SedgeError, silentLog } from '../../../src/index.ts';

const USB: SerialPortInfo = {
  path: '/dev/ttyVIRT0',
  vendorId: '1a86',
  productId: '7523',
  byId: null,
  byPath: null,
  serialNumber: null,
  manufacturer: null,
  product: null,
};

it('forgets a found port once, and no other for it, where two looks at the ports overlap', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sedge-auto-'));
  let present: SerialPortInfo[] = [USB];
  const bridge = new SerialBridge(
    { directory, ports: ['/dev/given', 'auto'] },
    {
      mesh: null,
      log: silentLog,
      nowMs: Date.now,
      listPorts: async () => present,
      makeTransport: () => ({
        open: () => Promise.reject(new SedgeError('serial.port-missing')),
        write: () => false,
        close: async () => {},
      }),
    },
  );
  const paths = () => bridge.ports().map(({ path }) => path);
  try {
    await bridge.start();
    bridge.reclaim('/dev/given');
    await vi.waitUntil(() => paths().length === 2);
    present = [];
    bridge.reclaim('/dev/given');
    bridge.reclaim('/dev/given');
    await vi.waitUntil(() => !paths().includes(USB.path));
    await new Promise(setImmediate);
    expect(paths()).toEqual(['/dev/given']);
  } finally {
    await bridge.stop();
    rmSync(directory, { recursive: true });
  }
});
