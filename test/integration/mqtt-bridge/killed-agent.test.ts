import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { describeWith } from '../../firmware/toolchain.ts';
import { numbers, sorted } from '../../unit/node/mqtt-bridge/bridge-world.ts';
import { objects, Sedge } from '../cli/sedge-process.ts';
import { MosquittoBroker } from './mosquitto-broker.ts';
import { OutsideClient } from './outside-client.ts';

const ROUNDS = 3;
const IN_ROUND = 400;
const PATIENT = { timeout: 40_000, interval: 200 };

interface Bridge {
  readonly role: string;
  readonly carrier: string | null;
  readonly session: { readonly connected: boolean } | null;
  readonly counters: Readonly<Record<string, number>>;
}

describeWith(['mosquitto-broker'], 'an agent with a bridge', () => {
  const sedge = new Sedge();
  let broker: MosquittoBroker;
  let directory: string;

  beforeAll(async () => {
    broker = await MosquittoBroker.start();
    directory = await sedge.directory();
    const config = [
      'bridges:',
      '  - name: cloud',
      `    url: ${broker.url}`,
      '    out: [{ filter: out/#, to: site }]',
      '    in: [{ filter: in/# }]',
    ];
    await writeFile(join(directory, 'sedge.yaml'), `${config.join('\n')}\n`);
  });

  afterAll(async () => {
    await sedge.cleanUp();
    await broker.cleanUp();
  });

  async function bridgeOf(of = directory): Promise<Bridge> {
    const [status] = objects((await sedge.run(of, ['status', '--json'])).stdout);
    return (status!.bridges as Bridge[])[0]!;
  }

  test('loses nothing when it is killed while messages flow', async () => {
    const client = await OutsideClient.open(broker.port, 'c', 'site/#');
    let sent = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const { child } = await sedge.startAgent(directory);
      await vi.waitFor(
        async () => expect(await bridgeOf()).toMatchObject({ role: 'carrier', session: { connected: true } }),
        PATIENT,
      );
      const seen = client.got.length;
      const lines = numbers(IN_ROUND).map((text) => `${Number(text) + sent}`);
      sent += IN_ROUND;
      for (const line of lines.slice(0, IN_ROUND / 2)) client.publish('in/x', line);
      const publish = sedge.spawn(directory, 'pub', 'out/x', '--lines');
      const published = new Promise((resolve) => publish.once('close', resolve));
      publish.stdin!.end(`${lines.join('\n')}\n`);
      // All of it is durable here, and some of it is on its way out.
      expect(await published).toBe(0);
      await vi.waitFor(() => expect(client.got.length).toBeGreaterThan(seen), PATIENT);
      // The other half comes in right now.
      for (const line of lines.slice(IN_ROUND / 2)) client.publish('in/x', line);
      if (round < ROUNDS - 1) await sedge.kill(child, 'SIGKILL');
    }
    await vi.waitFor(
      () => expect(new Set(client.got.map(({ payload }) => payload)).size).toBe(sent),
      PATIENT,
    );
    const printed = await sedge.run(directory, [
      'sub',
      'in/x',
      '--from',
      'all',
      '--count',
      `${sent}`,
      '--wait',
      '30',
      '--json',
    ]);
    const payloads = objects(printed.stdout).map(({ payload }) => String(payload));
    // What the broker sent again after a kill is known by its packet id: nothing twice either.
    expect(sorted(payloads)).toEqual(numbers(sent));
    expect((await bridgeOf()).counters.in).toBeLessThanOrEqual(sent);
    client.close();
  });

  test('is followed by another agent when it is killed while messages flow', async () => {
    const [a, b] = [await sedge.directory(), await sedge.directory()];
    await sedge.run(a, ['init', 'farm', '--name', 'a']);
    const bridges = JSON.stringify([
      { name: 'pair', url: broker.url, out: [{ filter: 'up/#' }], in: [{ filter: 'down/#' }] },
    ]);
    const first = await sedge.startAgent(a, '--bridges', bridges);
    const invite = await sedge.run(a, ['invite']);
    await sedge.run(b, ['join', '-', '--name', 'b'], invite.stdout);
    await vi.waitFor(async () => expect(await bridgeOf(a)).toMatchObject({ role: 'carrier' }), PATIENT);
    await sedge.startAgent(b, '--bridges', bridges);
    await vi.waitFor(
      async () => expect(await bridgeOf(b)).toMatchObject({ role: 'standby', carrier: first.ready.node }),
      PATIENT,
    );
    const client = await OutsideClient.open(broker.port, 'pair', 'up/#');
    const texts = numbers(300);
    for (const text of texts.slice(0, 200)) client.publish('down/x', text);
    const publish = sedge.spawn(b, 'pub', 'up/x', '--lines');
    const published = new Promise((resolve) => publish.once('close', resolve));
    publish.stdin!.end(`${texts.join('\n')}\n`);
    await vi.waitFor(() => expect(client.got.length).toBeGreaterThan(0), PATIENT);
    await sedge.kill(first.child, 'SIGKILL');
    for (const text of texts.slice(200)) client.publish('down/x', text);
    expect(await published).toBe(0);
    await vi.waitFor(() => expect(new Set(client.got.map(({ payload }) => payload)).size).toBe(300), PATIENT);
    // What the first had taken in and told nobody comes once it is back, where the other one looks for it.
    const place = first.ready.addresses[0]!.replace(/\/p2p\/.*$/, '');
    await sedge.startAgent(a, '--bridges', bridges, '--listen', place);
    await vi.waitFor(async () => {
      const printed = await sedge.run(b, [
        'sub',
        'down/x',
        '--from',
        'all',
        '--count',
        '300',
        '--wait',
        '5',
        '--json',
      ]);
      const payloads = objects(printed.stdout).map(({ payload }) => String(payload));
      expect(new Set(payloads).size).toBe(300);
    }, PATIENT);
    client.close();
  });
});
