import { SedgeError } from '../../../src/errors/index.ts';

/** Where a device may be reached. */
export type PortAddress =
  | { readonly kind: 'serial'; readonly path: string; readonly baudRate: number }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'auto'; readonly baudRate: number };

/** What boards speak unless said otherwise. */
export const BAUD_RATE = 115_200;
const BAUD_RATE_MIN = 300;
const BAUD_RATE_MAX = 4_000_000;

/** What {@link parsePortAddress} takes, for people. */
export const PORT_RULE =
  'a port such as /dev/ttyUSB0, /dev/ttyUSB0:115200, /dev/serial/by-id/NAME, tcp://HOST:PORT, or auto';

/**
 * Reads `PORT[:BAUD]`. Names under `/dev/serial/by-path` hold colons themselves, so only three to seven digits at the
 * end are a rate. Throws `serial.bad-port`.
 */
export function parsePortAddress(text: string): PortAddress {
  const tcp = /^tcp:\/\//i.test(text) ? parseTcp(text) : null;
  if (tcp !== null) return tcp;
  const [, path = text, rate] = /^(.+):(\d{3,7})$/.exec(text) ?? [];
  const baudRate = rate === undefined ? BAUD_RATE : Number(rate);
  if (baudRate < BAUD_RATE_MIN || baudRate > BAUD_RATE_MAX) throw badPort(text);
  if (path === 'auto') return { kind: 'auto', baudRate };
  if (!path.startsWith('/') && !/^COM\d{1,3}$/i.test(path)) throw badPort(text);
  if (path.includes('\0') || path.length > 1_024) throw badPort(text);
  return { kind: 'serial', path, baudRate };
}

/** The text that {@link parsePortAddress} reads as this; the rate is left out where it is {@link BAUD_RATE}. */
export function formatPortAddress(address: PortAddress): string {
  if (address.kind === 'tcp') {
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    return `tcp://${host}:${address.port}`;
  }
  const name = address.kind === 'auto' ? 'auto' : address.path;
  return address.baudRate === BAUD_RATE ? name : `${name}:${address.baudRate}`;
}

function parseTcp(text: string): PortAddress {
  const [, bracketed, plain, port] =
    /^tcp:\/\/(?:\[([0-9a-f:.]+)\]|([^:/[\]\s]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = Number(port);
  if (host === undefined || !(number >= 1 && number <= 65_535)) throw badPort(text);
  return { kind: 'tcp', host, port: number };
}

function badPort(text: string): SedgeError {
  return new SedgeError('serial.bad-port', { port: text.slice(0, 80), rule: PORT_RULE });
}
