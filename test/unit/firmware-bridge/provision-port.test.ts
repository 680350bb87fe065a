import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SerialBridge } from '../../../firmware-bridge/host/index.ts';
import { SedgeError, silentLog } from '../../../src/index.ts';

it('says why a port cannot be opened to whoever gives a device its key there', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sedge-port-'));
  const failure = new SedgeError('serial.port-failed', { port: '/tmp', reason: 'Is a directory' });
  const bridge = new SerialBridge(
    { directory },
    {
      mesh: null,
      log: silentLog,
      nowMs: Date.now,
      makeTransport: () => ({
        open: () => Promise.reject(failure),
        write: () => false,
        close: async () => {},
      }),
    },
  );
  try {
    await bridge.start();
    await expect(bridge.provision('/tmp', { name: 'uno-1' })).rejects.toMatchObject({
      code: 'serial.port-failed',
      details: { port: '/tmp', reason: 'Is a directory' },
    });
    expect(bridge.ports()).toEqual([]);
  } finally {
    await bridge.stop();
    rmSync(directory, { recursive: true });
  }
});
