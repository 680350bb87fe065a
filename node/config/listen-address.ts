import { isIP } from 'node:net';

/** Where clients connect. */
export interface ListenAddress {
  /** IP address of this machine. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

const LOOPBACK = '127.0.0.1';

/** Reads `1883`, `127.0.0.1:1883` or `[::1]:1883`; `null` for anything else. A port alone is that of loopback. */
export function parseListenAddress(value: unknown): ListenAddress | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const match = /^(?:(?<host>[^[\]]+|\[[^[\]]+\]):)?(?<port>\d{1,5})$/.exec(String(value));
  const { host = LOOPBACK, port = '' } = match?.groups ?? {};
  const isV6 = host.startsWith('[');
  const address = isV6 ? host.slice(1, -1) : host;
  if (match === null || Number(port) > 65_535 || isIP(address) !== (isV6 ? 6 : 4)) return null;
  return { host: address, port: Number(port) };
}

/** The text that {@link parseListenAddress} reads as this. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** True for an address that other machines do not reach. */
export function isLoopback({ host }: Pick<ListenAddress, 'host'>): boolean {
  return host === '::1' || host.startsWith('127.');
}
