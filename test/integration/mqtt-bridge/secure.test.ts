import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { describeWith } from '../../firmware/toolchain.ts';
import { MeshWorld } from '../../unit/mesh/mesh-world.ts';
import { TEST_CERTIFICATES } from '../../unit/node/mqtt/test-certificates.ts';
import { BridgedNode } from '../../unit/node/mqtt-bridge/bridge-world.ts';
import { MosquittoBroker } from './mosquitto-broker.ts';

const PATIENT = { timeout: 20_000, interval: 50 };

describeWith(['mosquitto-broker'], 'a bridge to a Mosquitto that is careful', () => {
  let world: MeshWorld;
  let directory: string;
  let broker: MosquittoBroker | null;
  let bridged: BridgedNode | null;

  beforeEach(async () => {
    world = new MeshWorld();
    broker = null;
    bridged = null;
    directory = await mkdtemp(join(tmpdir(), 'sedge-secure-'));
    for (const [name, { cert, key }] of Object.entries(TEST_CERTIFICATES)) {
      await writeFile(file(`${name}.crt`), cert);
      await writeFile(file(`${name}.key`), key);
    }
  });

  afterEach(async () => {
    await bridged?.bridges.stop();
    await world.stop();
    await broker?.cleanUp();
    await rm(directory, { recursive: true, force: true });
  });

  function file(name: string): string {
    return join(directory, name);
  }

  /** What goes out comes in again as another topic: one broker, both ways. */
  async function bridge(options: object): Promise<BridgedNode> {
    const rules = { out: [{ filter: 'site/#' }], in: [{ filter: 'office/#' }] };
    bridged = await BridgedNode.start(await world.node('a'), { name: 'b', ...rules, ...options });
    return bridged;
  }

  async function goesOut(node: BridgedNode): Promise<void> {
    await node.node.mesh.publish('site/x', 'hello');
    await vi.waitFor(
      () => expect(node.status).toMatchObject({ session: { connected: true }, counters: { out: 1 } }),
      PATIENT,
    );
  }

  const TLS = { ca: 'local.crt', cert: 'local.crt', key: 'local.key' };
  const files = (names: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(names).map(([key, name]) => [key, file(name)]));

  async function careful(): Promise<MosquittoBroker> {
    await writeFile(file('users'), 'farm:secret\n');
    spawnSync('mosquitto_passwd', ['-U', file('users')]);
    broker = await MosquittoBroker.start(
      'listener PORT 127.0.0.1',
      `cafile ${file('local.crt')}`,
      `certfile ${file('local.crt')}`,
      `keyfile ${file('local.key')}`,
      'require_certificate true',
      `password_file ${file('users')}`,
      'allow_anonymous false',
    );
    return broker;
  }

  test('goes over TLS with a certificate of its own, a user and a password', async () => {
    const { port } = await careful();
    await writeFile(file('password'), 'secret\nnot this\n');
    const url = `mqtts://localhost:${port}`;
    await goesOut(await bridge({ url, username: 'farm', passwordFile: file('password'), ...files(TLS) }));
  });

  test('says what is wrong, and goes on once the file is right', async () => {
    const { port } = await careful();
    await writeFile(file('password'), 'wrong');
    const url = `mqtts://127.0.0.1:${port}`;
    const node = await bridge({ url, username: 'farm', passwordFile: file('password'), ...files(TLS) });
    await vi.waitFor(() => expect(node.status.link.reason).toMatch(/refuses.*0x8[67]/), PATIENT);
    await writeFile(file('password'), 'secret');
    await goesOut(node);
  });

  test('does not speak to a broker whose certificate it does not trust', async () => {
    const { port } = await careful();
    const url = `mqtts://127.0.0.1:${port}`;
    const node = await bridge({ url, ...files({ ...TLS, ca: 'two.crt' }) });
    await vi.waitFor(() => expect(node.status.link.reason).toMatch(/certificate/), PATIENT);
    expect(node.status.link.connections).toBe(0);
  });

  test('says which file is not there', async () => {
    const node = await bridge({ url: 'mqtts://127.0.0.1:1', ...files({ ca: 'none.crt' }) });
    await vi.waitFor(() => expect(node.status.link.reason).toMatch(/none\.crt/), PATIENT);
  });

  test('goes in version 3.1.1', async () => {
    broker = await MosquittoBroker.start();
    await goesOut(await bridge({ url: broker.url, version: '3.1.1' }));
  });
});
