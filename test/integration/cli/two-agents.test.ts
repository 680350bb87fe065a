import { chmod, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connectAgent } from '../../../node/control/client/index.ts';
import { finished, objects, Sedge } from './sedge-process.ts';

const sedge = new Sedge();
let a: string;
let b: string;
let nodeA: string;
let nodeB: string;

/** One realm of two machines, made as a person would make it. */
beforeAll(async () => {
  a = await sedge.directory();
  b = await sedge.directory();
  const init = await sedge.run(a, ['init', 'farm', '--name', 'gateway', '--json']);
  expect(init).toMatchObject({ code: 0, stderr: '' });
  expect(objects(init.stdout)).toEqual([
    {
      realm: expect.stringMatching(/^[0-9a-f]{32}$/),
      realmName: 'farm',
      node: expect.any(String),
      name: 'gateway',
      directory: a,
    },
  ]);
  nodeA = (await sedge.startAgent(a)).ready.node;
  const invite = await sedge.run(a, ['invite']);
  expect(invite.code).toBe(0);
  expect(invite.stdout).toMatch(/^\S+\n$/);
  expect(invite.stderr).toContain('sedge join TOKEN');
  const join = await sedge.run(b, ['join', '-', '--name', 'barn', '--json'], invite.stdout);
  expect(join).toMatchObject({ code: 0 });
  expect(join.stdout + join.stderr).not.toContain(invite.stdout.trim());
  nodeB = (await sedge.startAgent(b)).ready.node;
  await vi.waitFor(
    async () => {
      const peers = objects((await sedge.run(b, ['peers', '--json'])).stdout);
      expect(peers).toContainEqual(expect.objectContaining({ node: nodeA, connected: true }));
    },
    { timeout: 20_000, interval: 200 },
  );
}, 60_000);

afterAll(() => sedge.cleanUp());

describe('publishing and subscribing', () => {
  test('a message published at one node is printed at the other, payload alone', async () => {
    const sub = sedge.run(b, ['sub', 'first/#', '--from', 'all', '--count', '1', '--wait', '20']);
    expect(await sedge.run(a, ['pub', 'first/one', 'grüße'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await sub).toEqual({ code: 0, stdout: 'grüße\n', stderr: '' });
  });

  test('with --json the object says whence, where and when', async () => {
    const pub = await sedge.run(a, ['pub', 'json/one', 'x', '--header', 'unit=K', '--json']);
    const [published] = objects(pub.stdout);
    expect(published).toMatchObject({ author: nodeA, channel: 'main', duplicate: false });
    const sub = await sedge.run(b, [
      'sub',
      'json/#',
      '--from',
      'all',
      '--count',
      '1',
      '--wait',
      '20',
      '--json',
    ]);
    expect(sub.code).toBe(0);
    expect(objects(sub.stdout)).toEqual([
      {
        author: nodeA,
        name: 'gateway',
        topic: 'json/one',
        channel: 'main',
        epoch: expect.stringMatching(/^[0-9a-f]{16}$/),
        seq: published!.seq,
        time: published!.time,
        offset: expect.stringMatching(/^[0-9a-f]{16}:\d+$/),
        late: false,
        payload: 'x',
        headers: { unit: 'K' },
      },
    ]);
  });

  test('bytes that are no text come as payloadBase64, and byte for byte without --json', async () => {
    const bytes = Uint8Array.of(0xff, 0x00, 0x0a, 0x80);
    expect((await sedge.run(a, ['pub', 'bytes', '-s'], bytes)).code).toBe(0);
    const json = await sedge.run(b, [
      'sub',
      'bytes',
      '--from',
      'all',
      '--count',
      '1',
      '--wait',
      '20',
      '--json',
    ]);
    expect(objects(json.stdout)[0]!.payloadBase64).toBe(Buffer.from(bytes).toString('base64'));
    const child = sedge.spawn(b, 'sub', 'bytes', '--from', 'all', '--count', '1');
    const chunks: Buffer[] = [];
    for await (const chunk of child.stdout!) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks)).toEqual(Buffer.concat([bytes, Buffer.from('\n')]));
  });

  test('-l publishes each line in order, and -v prints topics', async () => {
    const count = 3_000;
    const lines = Array.from({ length: count }, (_, index) => `line ${index}`);
    const pub = await sedge.run(a, ['pub', 'lines', '-l', '--json'], `${lines.join('\n')}\n`);
    expect(pub.code).toBe(0);
    expect(objects(pub.stdout)).toEqual([
      { published: count, duplicates: 0, failed: 0, seconds: expect.any(Number) },
    ]);
    const sub = await sedge.run(b, [
      'sub',
      '-v',
      'lines',
      '--from',
      'all',
      '--count',
      `${count}`,
      '--wait',
      '30',
    ]);
    expect(sub.stdout).toBe(lines.map((line) => `lines ${line}\n`).join(''));
  });

  test('a publish id makes a retry harmless', async () => {
    for (const duplicate of [false, true]) {
      const pub = await sedge.run(a, ['pub', 'once', 'x', '--id', 'meter:7', '--json']);
      expect(objects(pub.stdout)[0]).toMatchObject({ duplicate });
    }
    const again = await sedge.run(a, ['pub', 'once', '-l', '--id', 'meter:7', '--json'], 'x\ny\n');
    expect(objects(again.stdout)[0]).toMatchObject({ published: 2, duplicates: 1 });
  });

  test('a durable subscriber goes on where it left off', async () => {
    await sedge.run(a, ['pub', 'durable', '-l'], '1\n2\n3\n4\n5\n');
    const first = await sedge.run(b, [
      'sub',
      'durable',
      '--durable',
      'd',
      '--from',
      'all',
      '--count',
      '2',
      '--wait',
      '20',
    ]);
    expect(first).toMatchObject({ code: 0, stdout: '1\n2\n' });
    const second = await sedge.run(b, ['sub', 'durable', '--durable', 'd', '--count', '3', '--wait', '20']);
    expect(second).toMatchObject({ code: 0, stdout: '3\n4\n5\n' });
  });

  test('--from an offset and from a time', async () => {
    await sedge.run(a, ['pub', 'from', 'one']);
    await sedge.run(a, ['pub', 'from', 'two']);
    const all = await sedge.run(b, [
      'sub',
      'from',
      '--from',
      '10m',
      '--count',
      '2',
      '--wait',
      '20',
      '--json',
    ]);
    const [one] = objects(all.stdout);
    const rest = await sedge.run(b, [
      'sub',
      'from',
      '--from',
      String(one!.offset),
      '--count',
      '1',
      '--wait',
      '20',
    ]);
    expect(rest).toMatchObject({ code: 0, stdout: 'two\n' });
  });

  test('--wait ends in exit code 4 when it runs out', async () => {
    const sub = await sedge.run(b, ['sub', 'never', '--count', '1', '--wait', '0.3']);
    expect(sub).toMatchObject({ code: 4, stdout: '' });
    expect(sub.stderr).toContain('The time given with --wait ran out');
  });

  test('ends quietly when its reader has seen enough', async () => {
    await sedge.run(a, ['pub', 'pipe', '-l'], 'x\n'.repeat(2_000));
    const child = sedge.spawn(b, 'sub', 'pipe', '--from', 'all');
    const end = finished(child);
    child.stdout!.once('data', () => child.stdout!.destroy());
    await sedge.run(a, ['pub', 'pipe', '-l'], 'x\n'.repeat(2_000));
    const { code, stderr } = await end;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('a subscriber ends with exit code 0 at SIGTERM', async () => {
    const child = sedge.spawn(b, 'sub', 'first/#', '--from', 'all');
    await new Promise((resolve) => child.stdout!.once('data', resolve));
    child.stdout!.resume();
    expect(await sedge.kill(child, 'SIGTERM')).toBe(0);
  });
});

describe('bad input', () => {
  test.each([
    [['pub', 'a/#', 'x'], 'topic.wildcard'],
    [['pub', '', 'x'], 'topic.empty'],
    [['pub', '$sys', 'x'], 'topic.reserved'],
    [['sub', 'a/#/b', '--wait', '1'], 'topic.bad-filter'],
    [['sub', 'a', '--from', 'ffffffffffffffff:1', '--wait', '1'], 'journal.offset-unknown'],
    [['revoke', 'nobody'], 'realm.unknown-node'],
    [['init'], 'realm.exists'],
    [['join', 'notatoken'], 'realm.token-malformed'],
    [['realm', 'channel', 'add', 'BAD NAME', 'x/#'], 'realm.bad-record'],
  ])('%j is refused with its code, and the agent stays up', async (argv, code) => {
    const run = await sedge.run(a, [...argv, '--json']);
    expect(run.code).toBe(1);
    expect(objects(run.stderr)).toMatchObject([
      { error: { code, message: expect.any(String), next: expect.any(String) } },
    ]);
    expect((await sedge.run(a, ['status'])).code).toBe(0);
  });

  test('too large a payload is refused', async () => {
    const run = await sedge.run(a, ['pub', 'big', '-s', '--json'], 'x'.repeat(1_048_577));
    expect(objects(run.stderr)).toMatchObject([{ error: { code: 'entry.payload-too-large' } }]);
  });

  test('a line that is too large is told of, and the others are published', async () => {
    const run = await sedge.run(a, ['pub', 'mixed', '-l'], `ok\n${'x'.repeat(1_048_577)}\nok too\n`);
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/line 2 was not published/);
    const sub = await sedge.run(a, ['sub', 'mixed', '--from', 'all', '--count', '2', '--wait', '10']);
    expect(sub.stdout).toBe('ok\nok too\n');
  });

  test('a second agent in the directory is refused, and the first goes on', async () => {
    const second = await sedge.run(a, ['start', '--json', '--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns']);
    expect(second.code).toBe(1);
    expect(second.stdout).toBe('');
    expect(objects(second.stderr).at(-1)).toMatchObject({ error: { code: 'agent.running' } });
    expect((await sedge.run(a, ['status'])).code).toBe(0);
  });
});

describe('views', () => {
  test('status, peers, channels, logs and realm as objects', async () => {
    const [status] = objects((await sedge.run(a, ['status', '--json'])).stdout);
    expect(status).toMatchObject({ node: nodeA, name: 'gateway', realmName: 'farm', problems: [] });
    const peers = objects((await sedge.run(a, ['peers', '--json'])).stdout);
    expect(peers).toMatchObject([{ node: nodeB, name: 'barn', connected: true }]);
    const channels = objects((await sedge.run(a, ['channels', '--json'])).stdout);
    expect(channels.map((channel) => channel.channel)).toContain('main');
    const logs = objects((await sedge.run(b, ['logs', '--channel', 'main', '--json'])).stdout);
    expect(logs).toContainEqual(
      expect.objectContaining({ author: nodeA, channel: 'main', missing: 0, own: false }),
    );
    const [realm] = objects((await sedge.run(a, ['realm', '--json'])).stdout);
    expect((realm!.nodes as { name: string }[]).map((node) => node.name).sort()).toEqual(['barn', 'gateway']);
    expect((await sedge.run(a, ['gaps', '--json'])).stdout).toBe('');
  });

  test('tables for people, without colour', async () => {
    for (const view of ['status', 'peers', 'channels', 'logs', 'realm', 'gaps', 'forks']) {
      const run = await sedge.run(a, [view]);
      expect(run.code, view).toBe(0);
      expect(run.stdout + run.stderr, view).not.toContain('\x1b');
      expect((run.stdout + run.stderr).length, view).toBeGreaterThan(0);
    }
  });

  test('doctor finds nothing that fails, with and without --json', async () => {
    const run = await sedge.run(a, ['doctor', '--json']);
    const findings = objects(run.stdout);
    expect(findings.filter((finding) => finding.level === 'fail')).toEqual([]);
    expect(findings.map((finding) => finding.check)).toEqual(
      expect.arrayContaining([
        'node version',
        'clock',
        'directory',
        'key files',
        'disk',
        'realm',
        'agent',
        'peers',
      ]),
    );
    expect(run.code).toBe(0);
    expect((await sedge.run(a, ['doctor'])).stdout).toMatch(/^ok {4}node version: /);
  });

  test('doctor tells of a key file that others can read', async () => {
    const [key] = (await readdir(b)).filter((name) => name.includes('key'));
    await chmod(join(b, key!), 0o644);
    const run = await sedge.run(b, ['doctor', '--json']);
    await chmod(join(b, key!), 0o600);
    expect(objects(run.stdout)).toContainEqual(
      expect.objectContaining({ check: 'key files', level: 'warn' }),
    );
  });

  test('verify checks the journal while nothing stops', async () => {
    const run = await sedge.run(b, ['verify', '--json']);
    const logs = objects(run.stdout);
    expect(run.code).toBe(0);
    expect(logs.length).toBeGreaterThan(0);
    expect(logs.every((log) => log.ok === true)).toBe(true);
    expect((await sedge.run(b, ['verify'])).stdout).toMatch(/all good\n$/);
  });

  test('the root key is backed up for its owner alone, and never over another file', async () => {
    const file = join(a, 'backup.key');
    expect((await sedge.run(a, ['realm', 'backup', file])).code).toBe(0);
    expect((await stat(file)).mode & 0o077).toBe(0);
    const before = await readFile(file);
    expect((await sedge.run(a, ['realm', 'backup', file])).code).toBe(1);
    expect(await readFile(file)).toEqual(before);
  });
});

describe('sedge/client', () => {
  test('publishes thousands and subscribes, from a program', async () => {
    const [client, other] = [connectAgent({ directory: a }), connectAgent({ directory: b })];
    const subscription = other.subscribe('client/#');
    await subscription.opened();
    const publisher = client.publisher();
    const count = 10_000;
    for (let index = 0; index < count; index++)
      if (!publisher.send('client/n', `${index}`)) await publisher.room();
    await publisher.close();
    const received: string[] = [];
    while (received.length < count) {
      for (const delivery of await subscription.nextBatch()) {
        if (delivery.kind === 'message') received.push(delivery.payloadText!);
      }
    }
    expect(received).toEqual(Array.from({ length: count }, (_, index) => `${index}`));
    await subscription.close();
    await client.close();
    await other.close();
  });
});

describe('revoking', () => {
  test('takes the rights of a node away, by its name', async () => {
    const revoked = await sedge.run(a, ['revoke', 'barn', '--json']);
    expect(objects(revoked.stdout)).toEqual([{ revoked: { node: nodeB, name: 'barn' } }]);
    const [realm] = objects((await sedge.run(a, ['realm', '--json'])).stdout);
    expect(realm!.nodes).toContainEqual(expect.objectContaining({ name: 'barn', status: 'revoked' }));
  });
});
