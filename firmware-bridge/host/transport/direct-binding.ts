import { readSync, writeSync } from 'node:fs';
import type { LinuxBindingInterface, LinuxPortBinding } from '@serialport/bindings-cpp';

/** Codes of a read that has nothing yet, or a write that has no room. */
const NOT_NOW: ReadonlySet<unknown> = new Set(['EAGAIN', 'EWOULDBLOCK', 'EINTR']);

/**
 * The binding, but that its ports are read and written at once, as they never block, and that reading one that hung up
 * fails. The binding (13.0.1) itself gives each read and write to the thread pool, which costs more than all the rest
 * of the bridge; and where a port went between two waits, it reads again at once, for ever and with all of a
 * processor: the unplugged device is never noticed. Windows' ports have no poller and stay as they are.
 */
export function directBinding(binding: LinuxBindingInterface): LinuxBindingInterface {
  return {
    ...binding,
    async open(options) {
      const port = await binding.open(options);
      if (typeof port.poller?.once !== 'function') return port;
      const writeInPool = port.write.bind(port);
      port.read = (buffer, offset, length) => readDirect(port, { buffer, offset, length });
      port.write = (buffer) => writeDirect(port, buffer, writeInPool);
      return port;
    },
  };
}

async function readDirect(
  port: LinuxPortBinding,
  into: { readonly buffer: Buffer; readonly offset: number; readonly length: number },
): Promise<{ buffer: Buffer; bytesRead: number }> {
  const { buffer, offset, length } = into;
  for (;;) {
    await readable(port);
    if (port.fd === null) throw Object.assign(new Error('the port is not open'), { canceled: true });
    try {
      const bytesRead = readSync(port.fd, buffer, offset, length, null);
      // It is readable and has nothing: nobody is there any more.
      if (bytesRead === 0) throw new Error('the port hung up');
      return { buffer, bytesRead };
    } catch (error) {
      if (!NOT_NOW.has((error as NodeJS.ErrnoException).code)) throw error;
    }
  }
}

async function writeDirect(
  port: LinuxPortBinding,
  buffer: Buffer,
  writeInPool: (rest: Buffer) => Promise<void>,
): Promise<void> {
  let written = 0;
  try {
    if (port.fd !== null) written = writeSync(port.fd, buffer);
  } catch (error) {
    if (!NOT_NOW.has((error as NodeJS.ErrnoException).code)) throw error;
  }
  if (written < buffer.length) await writeInPool(buffer.subarray(written));
}

function readable({ poller }: LinuxPortBinding): Promise<void> {
  return new Promise((resolve, reject) => {
    poller.once('readable', (error: Error | null) => (error ? reject(error) : resolve()));
  });
}
