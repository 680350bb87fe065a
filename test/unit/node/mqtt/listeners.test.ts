import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { hashPassword, writeUsers } from '../../../../node/gateways/mqtt/index.ts';
import { until } from '../../mesh/mesh-world.ts';
import { bytesOf, text, u16 } from './mqtt-client.ts';
import { type MqttNode, MqttWorld } from './mqtt-world.ts';
import { TEST_CERTIFICATES } from './test-certificates.ts';

const CONNECT = bytesOf(0x10, text('MQTT'), 4, 2, u16(60), text('c'));
const CONNACK = Buffer.of(0x20, 2, 0, 0);

describe('over TLS', () => {
  let directory: string;
  let world: MqttWorld;
  let a: MqttNode;
  const files = () => ({ certFile: join(directory, 'crt'), keyFile: join(directory, 'key') });

  async function use(name: keyof typeof TEST_CERTIFICATES): Promise<void> {
    const { certFile, keyFile } = files();
    await writeFile(certFile, TEST_CERTIFICATES[name].cert);
    await writeFile(keyFile, TEST_CERTIFICATES[name].key);
  }

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sedge-tls-'));
    await use('one');
    const tls = { kind: 'tls', host: '127.0.0.1', port: 0, ...files() } as const;
    world = await MqttWorld.start(['a'], { listeners: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }, tls] });
    a = world.nodes[0]!;
  });

  afterEach(async () => {
    await world.stop();
    await rm(directory, { recursive: true });
  });

  function open(name: keyof typeof TEST_CERTIFICATES): Promise<TLSSocket> {
    const { host, port } = new URL(a.gateway.addresses()[1]!.replace('mqtts', 'http')) as {
      host: string;
      port: string;
    };
    expect(host).toContain('127.0.0.1');
    const servername = `${name}.sedge.test`;
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: Number(port), servername, ca: TEST_CERTIFICATES[name].cert };
      const socket = connectTls(options, () => resolve(socket));
      socket.once('error', reject);
    });
  }

  it('clients connect, beside those of plain TCP', async () => {
    const socket = await open('one');
    socket.write(CONNECT);
    const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    expect(answer).toEqual(CONNACK);
    socket.destroy();
    await (await a.connect({ clientId: 'plain' })).quiet();
  });

  it('a certificate that was replaced counts for new connections, without a restart', async () => {
    const before = await open('one');
    await use('two');
    a.gateway.look();
    await until(
      () =>
        open('two').then(
          (socket) => !socket.destroy().connecting,
          () => false,
        ),
      'the new certificate',
    );
    await expect(open('one')).rejects.toThrow();
    before.write(CONNECT);
    expect(await new Promise<Buffer>((resolve) => before.once('data', resolve))).toEqual(CONNACK);
    before.destroy();
  });

  it('a new certificate that cannot be used leaves the old one', async () => {
    await writeFile(files().keyFile, TEST_CERTIFICATES.two.key);
    a.gateway.look();
    (await open('one')).destroy();
  });

  it('a start with files that do not belong together says so', async () => {
    await writeFile(files().keyFile, TEST_CERTIFICATES.two.key);
    await a.gateway.stop();
    await expect(a.restart()).rejects.toMatchObject({ code: 'mqtt.bad-certificate' });
  });

  it('who speaks no TLS is cut off', async () => {
    const [, address] = a.gateway.addresses();
    const { MqttClient } = await import('./mqtt-client.ts');
    const client = await MqttClient.open(Number(address!.split(':').at(-1)));
    client.raw(CONNECT);
    expect(await client.end()).toBe('closed');
  });
});

describe('over WebSocket', () => {
  let world: MqttWorld;
  let url: string;

  beforeEach(async () => {
    world = await MqttWorld.start(['a'], { listeners: [{ kind: 'websocket', host: '127.0.0.1', port: 0 }] });
    url = world.nodes[0]!.gateway.addresses()[0]!;
  });

  afterEach(() => world.stop());

  function open(protocols: string | string[] = 'mqtt'): Promise<WebSocket> {
    const socket = new WebSocket(`${url}/mqtt`, protocols);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(socket));
      socket.once('error', reject);
    });
  }

  function received(socket: WebSocket, bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    return new Promise((resolve) => {
      socket.on('message', (data: Buffer) => {
        parts.push(data);
        const all = Buffer.concat(parts);
        if (all.length >= bytes) resolve(all);
      });
    });
  }

  it('MQTT-6.0.0-2, -4: clients connect with the subprotocol mqtt, packets cut and joined as they like', async () => {
    const socket = await open(['other', 'mqtt']);
    expect(socket.protocol).toBe('mqtt');
    const ping = Buffer.of(0xc0, 0);
    const all = received(socket, 6);
    socket.send(CONNECT.subarray(0, 5));
    socket.send(Buffer.concat([CONNECT.subarray(5), ping]));
    expect(await all).toEqual(Buffer.concat([CONNACK, Buffer.of(0xd0, 0)]));
    socket.terminate();
  });

  it('MQTT-6.0.0-1: a text frame ends the connection', async () => {
    const socket = await open();
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.send('hello');
    expect(await closed).toBe(1003);
  });

  it('a client that goes leaves its will, as on any connection', async () => {
    const socket = await open();
    const subscription = world.nodes[0]!.node.mesh.subscribe('w');
    const connack = received(socket, 4);
    socket.send(bytesOf(0x10, text('MQTT'), 4, 6, u16(60), text('c'), text('w'), text('gone')));
    await connack;
    socket.terminate();
    expect((await subscription.next()).value).toMatchObject({ topic: 'w', client: { id: 'c' } });
    await subscription.close();
  });

  it('what is no WebSocket is told so', async () => {
    expect((await fetch(url.replace('ws', 'http'))).status).toBe(426);
  });
});

describe('with certificates of clients', () => {
  let directory: string;
  let world: MqttWorld;
  let a: MqttNode;
  const sockets: TLSSocket[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sedge-mtls-'));
    const files = {
      certFile: join(directory, 'crt'),
      keyFile: join(directory, 'key'),
      caFile: join(directory, 'ca'),
    };
    await writeFile(files.certFile, TEST_CERTIFICATES.local.cert);
    await writeFile(files.keyFile, TEST_CERTIFICATES.local.key);
    await writeFile(files.caFile, TEST_CERTIFICATES.one.cert);
    const address = { host: '127.0.0.1', port: 0, ...files };
    const listeners = [
      { kind: 'tls', ...address },
      { kind: 'websocket-tls', ...address },
    ] as const;
    // As for an address that other machines reach.
    world = await MqttWorld.start(['a'], { listeners, local: false });
    a = world.nodes[0]!;
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await world.stop();
    await rm(directory, { recursive: true });
  });

  /** What comes back for a CONNECT; empty if the connection ends without. */
  function answerTo(connect: Buffer, client: keyof typeof TEST_CERTIFICATES | null): Promise<Buffer> {
    const port = Number(a.gateway.addresses()[0]!.split(':').at(-1));
    const own = client === null ? {} : TEST_CERTIFICATES[client];
    const socket = connectTls({ host: '127.0.0.1', port, ca: TEST_CERTIFICATES.local.cert, ...own });
    sockets.push(socket);
    return new Promise((resolve) => {
      socket.once('data', resolve);
      socket.once('error', () => {});
      socket.once('close', () => resolve(Buffer.alloc(0)));
      socket.write(connect);
    });
  }

  it('the name in it is the user, whatever CONNECT says', async () => {
    const connect = bytesOf(0x10, text('MQTT'), 4, 0xc2, u16(60), text('c'), text('admin'), text('guess'));
    expect(await answerTo(connect, 'one')).toEqual(CONNACK);
    expect(a.gateway.clients()).toMatchObject([{ clientId: 'c', user: 'one.sedge.test' }]);
  });

  it('who has none, or one that somebody else signed, is not let in', async () => {
    expect(await answerTo(CONNECT, null)).toEqual(Buffer.alloc(0));
    expect(await answerTo(CONNECT, 'two')).toEqual(Buffer.alloc(0));
    expect(a.gateway.status().sessions).toBe(0);
  });

  it('where there are users its name must be one of them, and may what that one may', async () => {
    const password = await hashPassword(Buffer.from('secret'));
    const stranger = { password, publish: ['#'], subscribe: ['#'] };
    await writeUsers(a.directory, new Map([['stranger', stranger]]));
    expect(await answerTo(CONNECT, 'one')).toEqual(Buffer.of(0x20, 2, 0, 5));
    await writeUsers(a.directory, new Map([['one.sedge.test', { ...stranger, publish: ['mine/#'] }]]));
    const will = (topic: string) =>
      bytesOf(0x10, text('MQTT'), 4, 6, u16(60), text('c'), text(topic), text('gone'));
    expect(await answerTo(will('yours'), 'one')).toEqual(Buffer.of(0x20, 2, 0, 5));
    expect(await answerTo(will('mine/x'), 'one')).toEqual(CONNACK);
  });

  it('a user that is taken away is cut off', async () => {
    const password = await hashPassword(Buffer.from('secret'));
    const user = { password, publish: ['#'], subscribe: ['#'] };
    await writeUsers(a.directory, new Map([['one.sedge.test', user]]));
    expect(await answerTo(CONNECT, 'one')).toEqual(CONNACK);
    await writeUsers(a.directory, new Map([['other', user]]));
    a.gateway.look();
    await until(() => a.gateway.status().connections === 0, 'it is gone');
  });

  it('they count over WebSocket and TLS too', async () => {
    const url = a.gateway.addresses()[1]!;
    expect(url).toMatch(/^wss:/);
    const open = (client: object) =>
      new Promise<WebSocket>((resolve, reject) => {
        const socket = new WebSocket(url, 'mqtt', { ca: TEST_CERTIFICATES.local.cert, ...client });
        socket.once('open', () => resolve(socket));
        socket.once('error', reject);
      });
    await expect(open({})).rejects.toThrow();
    const socket = await open(TEST_CERTIFICATES.one);
    const answer = new Promise<Buffer>((resolve) => socket.once('message', resolve));
    socket.send(CONNECT);
    expect(await answer).toEqual(CONNACK);
    expect(a.gateway.clients()).toMatchObject([{ user: 'one.sedge.test' }]);
    socket.terminate();
  });

  it('a file of authorities that holds none is a mistake', async () => {
    await writeFile(join(directory, 'ca'), 'nothing');
    await a.gateway.stop();
    await expect(a.restart()).rejects.toMatchObject({ code: 'mqtt.bad-certificate' });
  });
});
