import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { describeWith } from '../../firmware/toolchain.ts';
import { objects, Sedge } from '../cli/sedge-process.ts';
import { startTwoBrokers } from './two-brokers.ts';

const VERSIONS = ['mqttv31', 'mqttv311', 'mqttv5'];

/** Unmodified clients, publishing at one node and subscribed at another. */
describeWith(['mosquitto'], 'the clients of Mosquitto', () => {
  const sedge = new Sedge();
  const clients = new Set<ChildProcess>();
  let a: string;
  let b: string;
  let portA: string;
  let portB: string;

  beforeAll(async () => {
    ({ a, b, portA, portB } = await startTwoBrokers(sedge));
  }, 60_000);

  afterAll(async () => {
    for (const client of clients) client.kill('SIGKILL');
    await sedge.cleanUp();
  });

  /** Starts a client; `output` resolves with what it printed when it ends. */
  function client(program: 'mosquitto_pub' | 'mosquitto_sub', port: string, ...argv: readonly string[]) {
    const child = spawn(program, ['-h', '127.0.0.1', '-p', port, ...argv], { stdio: 'pipe' });
    clients.add(child);
    child.once('exit', () => clients.delete(child));
    const chunks: Buffer[] = [];
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => {
      errors += String(chunk);
    });
    const output = once(child, 'close').then(([code]) => {
      if (code !== 0) throw new Error(`${program} ended with ${code}: ${errors}`);
      return Buffer.concat(chunks);
    });
    return { child, output };
  }

  /** A subscriber that is subscribed: the agent says so. */
  async function subscriber(directory: string, port: string, id: string, ...argv: readonly string[]) {
    const started = client('mosquitto_sub', port, '-i', id, '-W', '30', ...argv);
    await vi.waitFor(async () => {
      const listed = objects((await sedge.run(directory, ['mqtt', 'ls', '--json'])).stdout);
      expect(listed).toContainEqual(expect.objectContaining({ clientId: id, connected: true }));
      expect(
        (listed as { clientId: string; subscriptions: unknown[] }[]).find(({ clientId }) => clientId === id)
          ?.subscriptions,
      ).not.toEqual([]);
    });
    return started;
  }

  function publish(port: string, ...argv: readonly string[]): Promise<Buffer> {
    return client('mosquitto_pub', port, ...argv).output;
  }

  test.each(VERSIONS.flatMap((version) => [0, 1, 2].map((qos) => [version, qos] as const)))(
    '%s, QoS %i: what is published at one node arrives at the other',
    async (version, qos) => {
      const topic = `it/${version}/${qos}`;
      const sub = await subscriber(
        b,
        portB,
        `sub-${version}-${qos}`,
        '-V',
        version,
        '-t',
        'it/#',
        '-q',
        '2',
        '-C',
        '1',
        '-F',
        '%t %q %p',
      );
      await publish(portA, '-V', version, '-t', topic, '-m', 'grüße', '-q', String(qos));
      expect((await sub.output).toString()).toBe(`${topic} ${qos} grüße\n`);
    },
  );

  describe.each(VERSIONS)('%s', (version) => {
    const told = ['-V', version];
    // Sessions of version 5 end with the connection unless they are given a time.
    const kept = version === 'mqttv5' ? ['-c', '-x', '600'] : ['-c'];

    test('a retained value is there for who comes later at any node, and gone once it was cleared', async () => {
      const topic = `kept/${version}`;
      await publish(portA, ...told, '-t', `${topic}/1`, '-m', 'value', '-q', '1', '-r');
      const sub = client(
        'mosquitto_sub',
        portB,
        ...told,
        '-t',
        `${topic}/+`,
        '-C',
        '1',
        '-W',
        '20',
        '-F',
        '%r %p',
      );
      expect((await sub.output).toString()).toBe('1 value\n');
      await publish(portB, ...told, '-t', `${topic}/1`, '-n', '-q', '1', '-r');
      await publish(portB, ...told, '-t', `${topic}/2`, '-m', 'other', '-q', '1', '-r');
      const again = client('mosquitto_sub', portB, ...told, '-t', `${topic}/+`, '-C', '1', '-W', '20');
      expect((await again.output).toString()).toBe('other\n');
    });

    test('the will of a client that was killed arrives at the other node', async () => {
      const topic = `wills/${version}`;
      const watching = ['-t', topic, '-q', '1', '-C', '1'];
      const watcher = await subscriber(b, portB, `watcher-${version}`, ...told, ...watching);
      const will = ['--will-topic', topic, '--will-payload', 'gone', '--will-qos', '1'];
      const dying = await subscriber(a, portA, `dying-${version}`, ...told, '-t', 'nothing', ...will);
      dying.output.catch(() => {});
      dying.child.kill('SIGKILL');
      expect((await watcher.output).toString()).toBe('gone\n');
    });

    test('five messages wait for a session whose client is away', async () => {
      const topic = `queue/${version}`;
      const session = [...told, '-i', `sleeper-${version}`, ...kept, '-q', '1', '-t', `${topic}/#`];
      await client('mosquitto_sub', portB, ...session, '-E').output;
      for (const payload of ['1', '2', '3', '4', '5'])
        await publish(portA, ...told, '-t', `${topic}/x`, '-q', '1', '-m', payload);
      const back = client('mosquitto_sub', portB, ...session, '-C', '5', '-W', '20');
      expect((await back.output).toString()).toBe('1\n2\n3\n4\n5\n');
    });

    test('200 KB of any bytes arrive as they were sent', async () => {
      const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) % 256));
      const file = join(await sedge.directory(), 'bytes');
      await writeFile(file, bytes);
      const big = [...told, '-t', `big/${version}`, '-q', '2'];
      const sub = await subscriber(b, portB, `big-${version}`, ...big, '-C', '1', '-N');
      await publish(portA, ...big, '-f', file);
      expect((await sub.output).equals(bytes)).toBe(true);
    });

    test('2,000 messages arrive in their order', async () => {
      const lines = Array.from({ length: 2_000 }, (_, index) => `${index}\n`).join('');
      const many = [...told, '-t', `many/${version}`, '-q', '1'];
      const sub = await subscriber(b, portB, `many-${version}`, ...many, '-C', '2000');
      const pub = client('mosquitto_pub', portA, ...many, '-l');
      pub.child.stdin!.end(lines);
      await pub.output;
      expect((await sub.output).toString()).toBe(lines);
    });
  });

  // The last one: it closes the node to all without a name.
  test('a user is added, may what it may, gets another password and is removed', async () => {
    const add = ['mqtt', 'user', 'add', 'meter', '--publish', 'meters/%u', '--json'];
    const added = await sedge.run(b, add, 's3cret\n');
    expect(added).toMatchObject({ code: 0, stderr: '' });
    expect(objects(added.stdout)).toEqual([{ user: 'meter', publish: ['meters/%u'], subscribe: ['#'] }]);
    expect(await sedge.run(b, add, 'again\n')).toMatchObject({ code: 1 });
    const named = ['-u', 'meter', '-P', 's3cret', '-V', '5', '-q', '1', '-m', 'x'];
    await publish(portB, ...named, '-t', 'meters/meter');
    await expect(publish(portB, '-V', '5', '-q', '1', '-m', 'x', '-t', 'meters/meter')).rejects.toThrow(
      /authori[sz]ed/,
    );
    await expect(
      publish(portB, '-u', 'meter', '-P', 'wrong', '-q', '1', '-m', 'x', '-t', 'm'),
    ).rejects.toThrow();
    expect((await sedge.run(b, ['mqtt', 'user', 'passwd', 'meter'], 'other\n')).code).toBe(0);
    await expect(publish(portB, ...named, '-t', 'meters/meter')).rejects.toThrow();
    await publish(portB, '-u', 'meter', '-P', 'other', '-q', '1', '-m', 'x', '-t', 'meters/meter');
    expect((await sedge.run(b, ['mqtt', 'user', 'rm', 'meter'])).stdout).toBe('removed the user meter\n');
    expect((await sedge.run(b, ['mqtt', 'user', 'rm', 'meter'])).code).toBe(1);
    expect((await sedge.run(b, ['mqtt', 'user', 'ls'])).stdout).toBe('There are no users of MQTT.\n');
  });
});
