import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTransport } from '../../../firmware-bridge/host/transport/index.ts';
import { describeTransportContract, type TransportUnderTest } from '../../contract/transport-contract.ts';
import { describeWith } from '../../firmware/toolchain.ts';
import { ptyEndProgram } from './posix-programs.ts';

/** A serial port of this machine that is a pseudo terminal, with its far end in this process. */
async function openPty(): Promise<TransportUnderTest & { readonly path: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'sedge-pty-'));
  const path = join(folder, 'port');
  const end = spawn(ptyEndProgram(), [path], { stdio: ['pipe', 'pipe', 'pipe'] });
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  end.once('exit', () => resolve());
  const received: Uint8Array[] = [];
  end.stdout.on('data', (bytes: Uint8Array) => received.push(bytes));
  end.stdin.on('error', () => {});
  await new Promise<void>((ready) => end.stderr.once('data', () => ready()));
  return {
    path,
    transport: makeTransport({ kind: 'serial', path, baudRate: 115_200 }),
    nowhere: makeTransport({ kind: 'serial', path: join(folder, 'none'), baudRate: 115_200 }),
    // What comes to a port that nobody has open is dropped, and the other end sees the opening a moment later.
    send: (bytes) => setTimeout(() => end.stdin.write(bytes), 100),
    received: () => Buffer.concat(received),
    hangUp: () => end.kill('SIGTERM'),
    async dispose() {
      end.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

describeWith(['gcc', 'make'], 'serial ports', () => {
  describeTransportContract('a serial port', openPty);

  describe('that cannot be opened', () => {
    it('says so if another program has it', async () => {
      const { path, transport, dispose } = await openPty();
      const quiet = { onBytes: () => {}, onClosed: () => {} };
      await transport.open(quiet);
      const other = makeTransport({ kind: 'serial', path, baudRate: 115_200 });
      await expect(other.open(quiet)).rejects.toMatchObject({ code: 'serial.port-busy' });
      await transport.close();
      const again = makeTransport({ kind: 'serial', path, baudRate: 115_200 });
      await again.open(quiet);
      await again.close();
      await dispose();
    });

    it('says so if it is not there, or is no port', async () => {
      const quiet = { onBytes: () => {}, onClosed: () => {} };
      const missing = makeTransport({ kind: 'serial', path: '/dev/none-such', baudRate: 115_200 });
      await expect(missing.open(quiet)).rejects.toMatchObject({ code: 'serial.port-missing' });
      const file = makeTransport({ kind: 'serial', path: '/etc/hostname', baudRate: 115_200 });
      await expect(file.open(quiet)).rejects.toMatchObject({ code: 'serial.port-failed' });
    });
  });
});
