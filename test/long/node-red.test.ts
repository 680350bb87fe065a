import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { objects, Sedge } from '../integration/cli/sedge-process.ts';
import { startTwoBrokers, type TwoBrokers } from '../integration/mqtt/two-brokers.ts';

// Too large for a development dependency (117 MB): it is installed into a directory of the test's own.
const NODE_RED = 'node-red@4.1.15';

const sedge = new Sedge();
const clients: MqttClient[] = [];
let installed: string;
let brokers: TwoBrokers;

beforeAll(async () => {
  installed = await sedge.directory();
  const argv = ['install', '--prefix', installed, '--no-audit', '--no-fund', NODE_RED];
  await promisify(execFile)('npm', argv, { timeout: 300_000 });
  brokers = await startTwoBrokers(sedge);
}, 360_000);

afterAll(async () => {
  for (const client of clients) client.end(true);
  await sedge.cleanUp();
});

/** A flow that takes requests in at A and sends what it got on at B. */
function flow(version: string): object[] {
  const broker = (id: string, port: string) => ({
    ...{ id, type: 'mqtt-broker', broker: '127.0.0.1', port, protocolVersion: version },
    ...{ clientid: '', autoConnect: true, usetls: false, keepalive: '60', cleansession: true },
  });
  const place = { z: 'tab', x: 1, y: 1 };
  const input = { topic: 'red/request', qos: '2', datatype: 'utf8', broker: 'a', rh: 0, inputs: 0 };
  const output = { topic: 'red/answer', qos: '2', retain: 'true', broker: 'b' };
  return [
    { id: 'tab', type: 'tab', label: 'tab' },
    broker('a', brokers.portA),
    broker('b', brokers.portB),
    { id: 'in', type: 'mqtt in', ...place, ...input, wires: [['change']] },
    {
      ...{ id: 'change', type: 'change', ...place, wires: [['out']] },
      rules: ['topic', 'qos', 'retain'].map((p) => ({ t: 'delete', p, pt: 'msg' })),
    },
    { id: 'out', type: 'mqtt out', ...place, ...output, wires: [] },
  ];
}

async function startNodeRed(version: string): Promise<ChildProcess> {
  const directory = await sedge.directory();
  await writeFile(join(directory, 'flows.json'), JSON.stringify(flow(version)));
  const settings = { flowFile: 'flows.json', httpAdminRoot: false, httpNodeRoot: false };
  const file = join(directory, 'settings.js');
  await writeFile(
    file,
    `module.exports = ${JSON.stringify({ ...settings, telemetry: { enabled: false } })};`,
  );
  const main = join(installed, 'node_modules/node-red/red.js');
  return spawn(process.execPath, [main, '-u', directory, '-s', file], { stdio: 'ignore' });
}

async function subscribed(version: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const listed = objects((await sedge.run(brokers.a, ['mqtt', 'ls', '--json'])).stdout);
      expect(listed, version).toContainEqual(
        expect.objectContaining({
          connected: true,
          subscriptions: expect.arrayContaining([expect.anything()]),
        }),
      );
    },
    { timeout: 30_000, interval: 500 },
  );
}

test.each([
  ['3.1.1', '4'],
  ['5', '5'],
])(
  'a flow of Node-RED that takes in at one node and gives out at the other, version %s',
  async (_, version) => {
    const nodeRed = await startNodeRed(version);
    try {
      await subscribed(version);
      const asking = await connectAsync(`mqtt://127.0.0.1:${brokers.portB}`);
      const listening = await connectAsync(`mqtt://127.0.0.1:${brokers.portA}`);
      clients.push(asking, listening);
      const got: string[] = [];
      listening.on('message', (_topic, payload, { retain }) => {
        if (!retain) got.push(payload.toString());
      });
      await listening.subscribeAsync('red/answer', { qos: 2 });
      const sent = Array.from({ length: 100 }, (_, number) => `${version} ${number}`);
      for (const payload of sent) await asking.publishAsync('red/request', payload, { qos: 2 });
      await vi.waitFor(() => expect(got).toEqual(sent), { timeout: 20_000 });
      await asking.endAsync();
      await listening.endAsync();
    } finally {
      nodeRed.kill('SIGKILL');
    }
  },
);
