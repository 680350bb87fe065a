import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
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
