import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connectAgent } from '../../../node/control/client/index.ts';
import { objects, Sedge } from '../cli/sedge-process.ts';

const MAIN = fileURLToPath(new URL('../../../node/main.js', import.meta.url));
const PLANTED = Object.freeze({
  payload: 'planted-payload-7c1f',
  password: 'planted-password-91aa',
  wrongPassword: 'planted-wrong-password-3b02',
  webhookToken: 'planted-webhook-token-55d0',
  webhookSecret: 'planted-webhook-secret-c2e9',
  bearer: 'planted-bearer-token-08f4',
  brokerPassword: 'planted-broker-password-aa10',
});

const sedge = new Sedge();
/** All that agents and commands wrote to stderr. */
let logged = '';
let a: string;
let b: string;
let token: string;
let urls: { http: string; mqtt: string };

interface ReadyPlaces {
  readonly mqtt?: readonly string[];
  readonly http?: readonly string[];
}

/** Starts an agent that says all it can, and keeps what it says. */
async function startTalkative(directory: string, ...argv: readonly string[]): Promise<ReadyPlaces> {
  const levels = ['--log-levels', 'all=debug'];
  const child = sedge.spawn(
    directory,
    ...['start', '--json', '--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0', ...levels, ...argv],
  );
  keep(child);
  const [line] = await once(createInterface({ input: child.stdout! }), 'line', {
    signal: AbortSignal.timeout(60_000),
  });
  return JSON.parse(String(line)) as ReadyPlaces;
}

function keep(child: ChildProcess): void {
  child.stderr!.on('data', (chunk) => {
    logged += String(chunk);
  });
}

beforeAll(async () => {
  a = await sedge.directory();
  b = await sedge.directory();
  await sedge.run(a, ['init', 'farm', '--name', 'gateway']);
  await sedge.run(a, ['mqtt', 'user', 'add', 'home'], `${PLANTED.password}\n`);
  await writeFile(join(a, 'webhook.secret'), PLANTED.webhookSecret);
  await writeFile(join(a, 'broker.password'), PLANTED.brokerPassword);
  const bridge = {
    name: 'cloud',
    url: 'mqtt://127.0.0.1:1',
    username: 'farm',
    passwordFile: join(a, 'broker.password'),
  };
  const settings = {
    alertWebhook: {
      url: `http://127.0.0.1:1/x/${PLANTED.webhookToken}?t=${PLANTED.webhookToken}`,
      secretFile: join(a, 'webhook.secret'),
    },
    bridges: [{ ...bridge, out: [{ filter: 'site/#' }] }],
  };
  await writeFile(join(a, 'sedge.yaml'), JSON.stringify(settings));
  const ready = await startTalkative(a, '--mqtt', '127.0.0.1:0', '--http', '127.0.0.1:0');
  urls = { http: ready.http![0]!, mqtt: `mqtt://${ready.mqtt![0]}` };
  token = (await sedge.run(a, ['invite'])).stdout.trim();
  await sedge.run(b, ['join', '-', '--name', 'barn'], token);
  await startTalkative(b, '--mqtt', 'off', '--http', 'off');
}, 120_000);

afterAll(() => sedge.cleanUp());

/** Uses every door with something secret, rightly and wrongly. */
async function useAllDoors(): Promise<void> {
  const agent = connectAgent({ directory: a });
  await agent.publish('site/temp', PLANTED.payload);
  await agent.publish('site/#', PLANTED.payload).catch(() => {});
  await agent.testAlert();
  await agent.close();
  await sedge.run(b, ['sub', 'site/#', '--from', 'all', '--count', '1', '--wait', '30']);
  const wrong = { username: 'home', password: PLANTED.wrongPassword, reconnectPeriod: 0 };
  await connectAsync(urls.mqtt, wrong).catch(() => {});
  const client = await connectAsync(urls.mqtt, { username: 'home', password: PLANTED.password });
  await client.publishAsync('site/mqtt', PLANTED.payload, { qos: 1 });
  // Refused: `$` is not for clients.
  await client.publishAsync('$alerts/x', PLANTED.payload, { qos: 1 }).catch(() => {});
  await client.endAsync(true);
  const headers = { authorization: `Bearer ${PLANTED.bearer}`, 'content-type': 'application/json' };
  for (const body of [
    JSON.stringify({ topic: 'site/http', payload: PLANTED.payload }),
    `{"payload":"${PLANTED.payload}`,
  ]) {
    await fetch(`${urls.http}/v1/publish`, { method: 'POST', headers, body }).then((answer) => answer.text());
  }
}

describe('the log of agents that say all they can', () => {
  test('holds no payload, password, token or key', async () => {
    await useAllDoors();
    await vi.waitFor(
      () => {
        for (const sentence of ['the agent is ready', 'journal started', 'an MQTT client was refused'])
          expect(logged).toContain(sentence);
        expect(logged).toContain('a webhook did not take an alert');
        expect(logged).toContain('a broker cannot be reached');
      },
      { timeout: 60_000, interval: 100 },
    );
    const lines = objects(logged.slice(0, logged.lastIndexOf('\n')));
    expect(
      lines.every(({ part, msg, level }) => typeof part === 'string' && typeof msg === 'string' && level),
    ).toBe(true);
    expect(new Set(lines.map(({ part }) => part)).size).toBeGreaterThanOrEqual(5);
    const { networkSecret } = JSON.parse(await readFile(join(a, 'realm.json'), 'utf8')) as {
      networkSecret: string;
    };
    const files = [join(a, 'identity.key'), join(a, 'root.key'), join(b, 'identity.key')];
    const keys = await Promise.all(files.map((file) => readFile(file)));
    const secrets = [token, networkSecret, ...Object.values(PLANTED), ...keys.flatMap(asText)];
    expect(secrets.every((secret) => secret.length > 12)).toBe(true);
    expect(secrets.filter((secret) => logged.includes(secret))).toEqual([]);
  });

  test('says more and less without a restart', async () => {
    const shown = await sedge.run(b, ['log', 'level', '--json']);
    expect(objects(shown.stdout)).toMatchObject([{ sync: 'debug', agent: 'debug' }]);
    const changed = await sedge.run(b, ['log', 'level', 'all=error', 'sync=info']);
    expect(changed.stdout).toMatch(/^agent +error$/m);
    expect(changed.stdout).toMatch(/^sync +info$/m);
    const wrong = await sedge.run(b, ['log', 'level', 'sinc=debug']);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no part "sinc"') });
  });
});

describe('an agent whose stderr is the journal of systemd', () => {
  test('writes priorities and no times', async () => {
    const directory = await sedge.directory();
    const path = join(directory, 'journal.txt');
    const file = await open(path, 'w');
    const { dev, ino } = await file.stat();
    const argv = [
      MAIN,
      'start',
      '--json',
      '--no-mdns',
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
      '--mqtt',
      'off',
      '--http',
      'off',
    ];
    const env = { PATH: process.env.PATH, SEDGE_DIR: directory, JOURNAL_STREAM: `${dev}:${ino}` };
    const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', file.fd] });
    try {
      await once(createInterface({ input: child.stdout! }), 'line', { signal: AbortSignal.timeout(60_000) });
    } finally {
      await sedge.kill(child, 'SIGTERM');
      await file.close();
    }
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines).toContainEqual(expect.stringMatching(/^<6>agent: the agent is ready \(node: /));
    expect(lines.filter((line) => !/^<[3-7]>[a-z-]+: /.test(line))).toEqual([]);
  });
});

/** A key as a log might show it. */
function asText(key: Buffer): string[] {
  const line = key
    .toString('utf8')
    .trim()
    .split('\n')
    .find((text) => /^[\w+/=-]{32,}$/.test(text));
  return [key.toString('hex'), key.toString('base64'), ...(line === undefined ? [] : [line])];
}
