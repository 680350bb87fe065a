import { read } from 'node:fs';
import { promisify } from 'node:util';
import type { LinuxBindingInterface, LinuxPortBinding } from '@serialport/bindings-cpp';

const readAsync = promisify(read);

/** Codes of a read that has nothing yet. */
const NOTHING_YET: ReadonlySet<unknown> = new Set(['EAGAIN', 'EWOULDBLOCK', 'EINTR']);

/**
 * The binding, but that reading a port that hung up fails. Such a read gives no bytes and no error, and the binding
 * (13.0.1, `unixRead`) then reads again at once, for ever and with all of a processor, if the port went between two
 * waits: the unplugged device is never noticed. On Windows there is no such read.
 */
export function noticingHangUp(binding: LinuxBindingInterface): LinuxBindingInterface {
  return {
    ...binding,
    async open(options) {
      const port = await binding.open(options);
      if (typeof port.poller?.once === 'function') {
        port.read = (buffer, offset, length) => readPort(port, { buffer, offset, length });
      }
      return port;
    },
  };
}

async function readPort(
  port: LinuxPortBinding,
  into: { readonly buffer: Buffer; readonly offset: number; readonly length: number },
): Promise<{ buffer: Buffer; bytesRead: number }> {
  const { buffer, offset, length } = into;
  for (;;) {
    if (port.fd === null) throw Object.assign(new Error('the port is not open'), { canceled: true });
    try {
      const { bytesRead } = await readAsync(port.fd, buffer, offset, length, null);
      // A serial port blocks until there is a byte: nothing at all means that nobody is there any more.
      if (bytesRead === 0) throw new Error('the port hung up');
      return { buffer, bytesRead };
    } catch (error) {
      if (!NOTHING_YET.has((error as NodeJS.ErrnoException).code)) throw error;
    }
    await readable(port);
  }
}

function readable({ poller }: LinuxPortBinding): Promise<void> {
  return new Promise((resolve, reject) => {
    poller.once('readable', (error: Error | null) => (error ? reject(error) : resolve()));
  });
}
