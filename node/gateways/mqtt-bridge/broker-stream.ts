import { readFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { SedgeError } from '../../../src/errors/index.ts';
import type { BridgeOptions } from './bridge-options.ts';

const PORTS: Readonly<Record<string, number>> = Object.freeze({ 'mqtt:': 1_883, 'mqtts:': 8_883 });

type Place = Pick<BridgeOptions, 'url' | 'ca' | 'cert' | 'key'>;

/** A stream of bytes to a broker, connecting; files are read anew each time. Rejects with `bridge.bad-file`. */
export async function openBrokerStream(place: Place): Promise<Duplex> {
  const url = new URL(place.url);
  const tls = await tlsOptions(place);
  // An address of IPv6 stands in brackets there.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol === 'ws:' || url.protocol === 'wss:') {
    const { WebSocket, createWebSocketStream } = await import('ws');
    return createWebSocketStream(new WebSocket(url, 'mqtt', tls), { allowHalfOpen: false });
  }
  const port = url.port === '' ? PORTS[url.protocol]! : Number(url.port);
  if (url.protocol === 'mqtt:') return connectTcp({ host, port, noDelay: true });
  // Without a name there is no SNI; an address is none.
  const servername = /^[\d.]+$|:/.test(host) ? '' : host;
  const socket = connectTls({ host, port, servername, minVersion: 'TLSv1.2', ...tls });
  socket.setNoDelay(true);
  return socket;
}

async function tlsOptions({ ca, cert, key }: Place): Promise<Record<string, Buffer>> {
  const files = Object.entries({ ca, cert, key }).filter(([, file]) => file !== null);
  const read = files.map(async ([name, file]) => [name, await readBridgeFile(file!)] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** The first line of a file with a password. Rejects with `bridge.bad-file`. */
export async function readPassword(file: string): Promise<Buffer> {
  const bytes = await readBridgeFile(file);
  const end = bytes.findIndex((byte) => byte === 10 || byte === 13);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

async function readBridgeFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new SedgeError('bridge.bad-file', { file }, { cause: error });
  }
}
