import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Mesh, openMesh } from '../../../src/mesh/index.ts';
import { initRealmDirectory, joinRealmDirectory } from '../../../src/realm/index.ts';
import { numbers, take, texts } from '../../unit/mesh/deliveries.ts';
import { until } from '../../unit/overlay/test-overlays.ts';

describe('meshes on real sockets and disks', () => {
  let home: string;
  const meshes: Mesh[] = [];

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'sedge-mesh-'));
    await initRealmDirectory(join(home, 'a'), { realmName: 'real', nodeName: 'a' });
  });

  afterEach(async () => {
    await Promise.all(meshes.splice(0).map((mesh) => mesh.stop()));
    await rm(home, { recursive: true, force: true });
  });

  async function open(
    name: string,
    peers: readonly Mesh[] = [],
    listen = '/ip4/127.0.0.1/tcp/0',
  ): Promise<Mesh> {
    const mesh = await openMesh({
      directory: join(home, name),
      listen: [listen],
      peers: peers.map((peer) => peer.addresses()[0]!),
      mdns: false,
      discovery: false,
    });
    meshes.push(mesh);
    await mesh.start();
    return mesh;
  }

  async function join_(a: Mesh, name: string): Promise<void> {
    const { token } = await a.invite();
    await joinRealmDirectory(join(home, name), token, { nodeName: name, nowMs: Date.now() });
  }

  const connected = (mesh: Mesh, peer: Mesh) =>
    mesh.peers().some(({ node, connected }) => node === peer.node && connected);

  it('publish to each other in order, large and small', async () => {
    const a = await open('a');
    await join_(a, 'b');
    await join_(a, 'c');
    const b = await open('b', [a]);
    const c = await open('c', [b]);
    await until(() => connected(a, b) && connected(b, c), 'the line is up');
    const subscription = c.subscribe('#');
    await a.publishMany(numbers(1, 2_000).map((payload) => ({ topic: 't', payload })));
    expect(await texts(subscription, 2_000)).toEqual(numbers(1, 2_000));
    await a.publish('t', new Uint8Array(1_048_576).fill(3));
    const [large] = await take(subscription, 1);
    expect(large?.kind === 'message' && large.payload.length).toBe(1_048_576);
  });

  it('catch up by themselves when one was away', async () => {
    const a = await open('a');
    await join_(a, 'b');
    let b = await open('b', [a]);
    await until(() => connected(a, b), 'connected');
    await b.stop();
    await a.publishMany(numbers(1, 5_000).map((payload) => ({ topic: 't', payload })));
    b = await open('b', [a]);
    const subscription = b.subscribe('#', { from: 'all' });
    expect(await texts(subscription, 5_000)).toEqual(numbers(1, 5_000));
  });

  it('disconnect a revoked node, take nothing more of it, and it sees why', async () => {
    const a = await open('a');
    await join_(a, 'b');
    const b = await open('b', [a]);
    await until(() => connected(a, b) && a.realm().nodes.length === 2, 'connected');
    const subscription = a.subscribe('#', { from: 'all' });
    await b.publish('t', 'before');
    expect(await texts(subscription, 1)).toEqual(['before']);
    await a.revoke('b');
    await until(() => !connected(a, b), 'b is cut off');
    await b.publish('t', 'after', { ack: 'accepted' });
    await until(() => b.status().problems.some(({ code }) => code === 'realm.revoked'), 'b knows', 5_000);
    expect(a.logs().find(({ author, channel }) => author === b.node && channel === 'main')?.last).toBe(1);
  });

  it('leave nothing open after a stop, and start again in the same directory', async () => {
    const count = () => process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap').length;
    const before = count();
    for (let round = 0; round < 3; round++) {
      const a = await open('a');
      const subscription = a.subscribe('#', { durable: 'd', from: 'all' });
      await a.publish('t', String(round));
      const [delivery] = await take(subscription, 1);
      expect(delivery?.kind).toBe('message');
      await a.stop();
      await until(() => count() <= before, 'all is closed', 5_000);
    }
  });
});
