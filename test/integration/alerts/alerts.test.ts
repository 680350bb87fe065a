import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connectAgent } from '../../../node/control/client/index.ts';
import { objects, type Ready, Sedge } from '../cli/sedge-process.ts';
import { isSigned, WebhookReceiver } from './webhook-receiver.ts';

const SECRET = 'a secret of the webhook';
const PATIENCE = { timeout: 60_000, interval: 100 };

const sedge = new Sedge();
const receiver = new WebhookReceiver();
let a: string;
let b: string;
let agentA: ChildProcess;
let agentB: ChildProcess;
let listenA: string;
let listenB: string;

/** The alerts of a node, by a client that is gone afterwards: agents are killed in between. */
async function reportOf(directory: string) {
  const agent = connectAgent({ directory });
  try {
    return await agent.alerts();
  } finally {
    await agent.close();
  }
}

async function alertOf(directory: string, rule: string) {
  return (await reportOf(directory)).alerts.find((alert) => alert.rule === rule);
}

/** Where an agent is to be found again after a restart. */
function listenOf({ addresses }: Ready): string {
  return addresses[0]!.split('/p2p/')[0]!;
}

/** Agents in one realm: a watches, b is watched. */
beforeAll(async () => {
  a = await sedge.directory();
  b = await sedge.directory();
  const url = await receiver.start();
  await writeFile(join(a, 'webhook.secret'), `${SECRET}\n`);
  const rules = [
    { name: 'disk', off: true },
    { name: 'peer-silent', for: '1s', clearFor: '0s' },
    {
      name: 'heat',
      watch: 'value',
      topic: 'site/+/temp',
      field: 'c',
      above: 30,
      clear: 25,
      severity: 'alarm',
    },
    { name: 'news', watch: 'topic-silent', topic: 'news/#', for: '2s' },
  ];
  await writeFile(
    join(a, 'sedge.yaml'),
    JSON.stringify({ alerts: rules, alertWebhook: { url, secretFile: join(a, 'webhook.secret') } }),
  );
  await sedge.run(a, ['init', 'farm', '--name', 'gateway']);
  const first = await sedge.startAgent(a);
  agentA = first.child;
  listenA = listenOf(first.ready);
  const { stdout: token } = await sedge.run(a, ['invite']);
  await sedge.run(b, ['join', '-', '--name', 'barn'], token);
  const started = await sedge.startAgent(b);
  agentB = started.child;
  listenB = listenOf(started.ready);
}, 90_000);

afterAll(async () => {
  receiver.stop();
  await sedge.cleanUp();
});

describe('a node that is watched', () => {
  test('and killed is missed: told here, at the webhook, and to who asks', async () => {
    await vi.waitFor(
      async () => expect(await readFile(join(a, 'alerts.json'), 'utf8')).toContain('barn'),
      PATIENCE,
    );
    await sedge.kill(agentB, 'SIGKILL');
    const alert = await vi.waitFor(async () => {
      const found = await alertOf(a, 'peer-silent');
      expect(found?.state).toBe('firing');
      return found!;
    }, PATIENCE);
    expect(alert).toMatchObject({ subject: 'barn', severity: 'warning', occurrence: 1, acknowledged: null });
    await vi.waitFor(() => expect(receiver.eventsOf(alert.id)).toEqual(['fired']), PATIENCE);
    const received = receiver.received.find(({ body }) => body.alert.id === alert.id)!;
    expect(isSigned(received, SECRET)).toBe(true);
    expect(isSigned(received, 'another')).toBe(false);
    expect(received.body).toMatchObject({
      name: 'gateway',
      alert: { sentence: 'Nothing is heard of barn.' },
    });
    const filter = `$alerts/+/${alert.id}`;
    const sub = await sedge.run(a, [
      'sub',
      filter,
      '--from',
      'last',
      '--count',
      '1',
      '--wait',
      '20',
      '--json',
    ]);
    expect(objects(sub.stdout)).toMatchObject([{ channel: '$alerts', name: 'gateway' }]);
    expect((await sedge.run(a, ['status'])).stdout).toMatch(
      /^alerts +\d firing, \d of them not acknowledged; see "sedge alerts"$/m,
    );
    expect((await sedge.run(a, ['doctor'])).stdout).toContain('Nothing is heard of barn.');
    const shown = await sedge.run(a, ['alerts']);
    expect(shown.stdout).toContain('Nothing is heard of barn.');
    expect(shown.stdout + shown.stderr).not.toContain('planted-token');
  });

  test('is acknowledged, and stays so after the watching node was killed too', async () => {
    const { id } = (await alertOf(a, 'peer-silent'))!;
    const ack = await sedge.run(a, ['alerts', 'ack', id, '--by', 'ann', '--note', 'on my way']);
    expect(ack).toMatchObject({ code: 0, stdout: `${id} is acknowledged by ann\n` });
    await sedge.kill(agentA, 'SIGKILL');
    agentA = (await sedge.startAgent(a, '--listen', listenA)).child;
    const after = await alertOf(a, 'peer-silent');
    expect(after).toMatchObject({
      state: 'firing',
      occurrence: 1,
      acknowledged: { by: 'ann', note: 'on my way' },
    });
    await vi.waitFor(() => expect(receiver.eventsOf(id)).toEqual(['fired', 'acknowledged']), PATIENCE);
  });

  test('and comes back ends the alert, and hears what others say', async () => {
    const { id } = (await alertOf(a, 'peer-silent'))!;
    agentB = (await sedge.startAgent(b, '--listen', listenB)).child;
    await vi.waitFor(
      async () => expect(await alertOf(a, 'peer-silent')).toMatchObject({ state: 'ended' }),
      PATIENCE,
    );
    await vi.waitFor(
      () => expect(receiver.eventsOf(id)).toEqual(['fired', 'acknowledged', 'ended']),
      PATIENCE,
    );
    // Of the news nothing ever came, so that fires at a, and b has heard.
    await vi.waitFor(async () => {
      const { others } = await reportOf(b);
      expect(others).toContainEqual(
        expect.objectContaining({ name: 'gateway', rule: 'news', state: 'firing' }),
      );
      expect(others.map(({ rule }) => rule)).not.toContain('peer-silent');
    }, PATIENCE);
    const all = await sedge.run(b, ['alerts', '--all', '--json']);
    expect(objects(all.stdout)).toContainEqual(expect.objectContaining({ rule: 'news', name: 'gateway' }));
  });
});

describe('a topic that is watched', () => {
  test('fires by its figure, ends by the other threshold, and fires anew without an acknowledgement', async () => {
    const watch = sedge.spawn(a, 'alerts', '--watch', '--json');
    let printed = '';
    watch.stdout!.on('data', (chunk) => {
      printed += String(chunk);
    });
    await vi.waitFor(() => expect(printed).toContain('"rule":"news"'), PATIENCE);
    const say = (c: number) => sedge.run(b, ['pub', 'site/store/temp', JSON.stringify({ c })]);
    const until = (state: string, occurrence: number) =>
      vi.waitFor(async () => expect(await alertOf(a, 'heat')).toMatchObject({ state, occurrence }), PATIENCE);
    await say(31);
    await until('firing', 1);
    const { id } = (await alertOf(a, 'heat'))!;
    expect(await alertOf(a, 'heat')).toMatchObject({
      subject: 'site/store/temp',
      severity: 'alarm',
      value: 31,
      limit: 30,
    });
    await sedge.run(a, ['alerts', 'ack', id]);
    await say(28);
    await say(24);
    await until('ended', 1);
    await say(35);
    await until('firing', 2);
    expect(await alertOf(a, 'heat')).toMatchObject({ acknowledged: null });
    await vi.waitFor(() => {
      const states = objects(printed).filter((alert) => alert.rule === 'heat');
      expect(states.map(({ state, occurrence }) => `${state} ${occurrence}`)).toEqual([
        'firing 1',
        'firing 1',
        'ended 1',
        'firing 2',
      ]);
    }, PATIENCE);
    await sedge.kill(watch, 'SIGINT');
  });

  test('without news fires, and ends with the next', async () => {
    await vi.waitFor(
      async () => expect(await alertOf(a, 'news')).toMatchObject({ state: 'firing' }),
      PATIENCE,
    );
    await sedge.run(b, ['pub', 'news/today', 'x']);
    await vi.waitFor(async () => expect((await alertOf(a, 'news'))?.endedAtMs).not.toBeNull(), PATIENCE);
  });
});

describe('what is asked in vain', () => {
  test('an alert that there is not, and one that does not fire', async () => {
    const none = await sedge.run(a, ['alerts', 'ack', 'none']);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no such alert') });
    await sedge.run(a, ['alerts', 'test']);
    const ended = await sedge.run(a, ['alerts', 'ack', 'test']);
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('The alert does not fire') });
  });

  test('to speak on $alerts as a client', async () => {
    const pub = await sedge.run(b, ['pub', '$alerts/x/disk', 'forged']);
    expect(pub).toMatchObject({ code: 1, stderr: expect.stringContaining("are sedge's own") });
  });
});

describe('a webhook that does not answer well', () => {
  test('holds nothing up, is said, and gets all in order once it does', async () => {
    receiver.status = 500;
    const failed = await sedge.run(a, ['alerts', 'test']);
    expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining('$alerts: published\n') });
    expect(failed.stdout).toContain('it answered 500');
    expect(failed.stdout).not.toContain('planted-token');
    expect((await reportOf(a)).webhooks).toMatchObject([
      { waiting: expect.any(Number), lastError: 'it answered 500' },
    ]);
    // What waits survives the end of the agent.
    await sedge.kill(agentA, 'SIGKILL');
    receiver.status = 200;
    receiver.received.length = 0;
    agentA = (await sedge.startAgent(a, '--listen', listenA)).child;
    await vi.waitFor(async () => {
      expect(receiver.eventsOf('test')).toEqual(['test', 'test']);
      expect((await reportOf(a)).webhooks).toMatchObject([{ waiting: 0, lastError: null }]);
    }, PATIENCE);
  });
});

describe('a file of alerts that cannot be read', () => {
  test('is moved aside and told, and the agent starts', async () => {
    agentA.kill('SIGTERM');
    await once(agentA, 'exit');
    await writeFile(join(a, 'alerts.json'), '{"version":1,"aler');
    agentA = (await sedge.startAgent(a, '--listen', listenA)).child;
    const { damagedFile } = await reportOf(a);
    expect(damagedFile).toContain('alerts.json.damaged-');
    expect(await readdir(a)).toContain(damagedFile!.split('/').at(-1));
    expect((await sedge.run(a, ['alerts'])).stdout).toContain(damagedFile);
  });
});
