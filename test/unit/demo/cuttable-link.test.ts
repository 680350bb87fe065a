import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CuttableLink } from '../../../node/demo/cuttable-link.ts';

async function echoServer(prefix: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => socket.write(prefix + data.toString()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** What a fresh connection through the link answers; the error's code if there is none. */
async function ask(port: number, text: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    socket.write(text);
    const [data] = (await once(socket, 'data')) as [Buffer];
    return data.toString();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'error';
  } finally {
    socket.destroy();
  }
}

describe('a cuttable link', () => {
  let server: Server;
  let link: CuttableLink;
  beforeEach(async () => {
    server = await echoServer('one:');
    link = new CuttableLink({ host: '127.0.0.1', port: portOf(server) });
    await link.heal();
  });
  afterEach(async () => {
    await link.cut();
    server.close();
  });

  it('carries bytes both ways', async () => {
    expect(await ask(link.port, 'hello')).toBe('one:hello');
  });

  it('kills what is open when it is cut', async () => {
    const socket: Socket = connect({ host: '127.0.0.1', port: link.port });
    socket.on('error', () => {});
    socket.write('x');
    await once(socket, 'data');
    const closed = new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
    });
    await link.cut();
    await closed;
    expect(link.connections).toBe(0);
  });

  it('refuses connections while it is cut', async () => {
    await link.cut();
    expect(await ask(link.port, 'hello')).toBe('ECONNREFUSED');
  });

  it('carries again on the same port after it healed', async () => {
    const before = link.port;
    await link.cut();
    await link.heal();
    expect(link.port).toBe(before);
    expect(await ask(link.port, 'again')).toBe('one:again');
  });

  it('leads to where the other side came back', async () => {
    const other = await echoServer('two:');
    await link.cut();
    link.lead({ host: '127.0.0.1', port: portOf(other) });
    await link.heal();
    expect(await ask(link.port, 'hello')).toBe('two:hello');
    await link.cut();
    other.close();
  });
});
