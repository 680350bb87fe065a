import type { AddressInfo, Server } from 'node:net';
import { SedgeError } from '../../../../src/errors/index.ts';
import type { ListenAddress } from './listener.ts';

/** Sockets of a listener, those in a handshake too, of which the gateway does not know yet. More are dropped. */
const SOCKETS_MAX = 8_192;

/** Has a server listen; rejects with `mqtt.cannot-listen`. */
export function listenOn(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const details = { address: `${host}:${port}`, reason: error.message };
      reject(new SedgeError('mqtt.cannot-listen', details, { cause: error }));
    });
    server.maxConnections = SOCKETS_MAX;
    server.listen({ host, port }, resolve);
  });
}

/** Stops listening; resolves when all its connections have ended. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** `host:port` of a server; empty while it does not listen. */
export function addressOf(server: Server | null): string {
  const address = server?.address() as AddressInfo | null | undefined;
  if (address == null) return '';
  return address.family === 'IPv6'
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}
