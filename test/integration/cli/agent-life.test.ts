import { execFile } from 'node:child_process';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { finished, objects, Sedge } from './sedge-process.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../../node/main.js', import.meta.url));

let sedge: Sedge;

beforeEach(() => {
  sedge = new Sedge();
});

afterEach(() => sedge.cleanUp());

describe('sedge start', () => {
  test('makes a realm in an empty directory, says so, and prints the ready line first', async () => {
    const directory = join(await sedge.directory(), 'new');
    const child = sedge.spawn(
      directory,
      'start',
      '--json',
      '--no-mdns',
      '--mqtt',
      'off',
      '--http',
      'off',
      '--name',
      'pi',
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
    );
    const first = await new Promise<string>((resolve) =>
      child.stdout!.once('data', (chunk) => resolve(String(chunk))),
    );
    const ready = JSON.parse(first.split('\n')[0]!) as Record<string, unknown>;
    expect(Object.keys(ready)).toEqual(['event', 'node', 'name', 'addresses']);
    expect(ready).toMatchObject({ event: 'ready', name: 'pi', node: expect.stringMatching(/^12D3KooW/) });
    expect(ready.addresses).toEqual([expect.stringMatching(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3KooW/)]);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, 'control.sock'))).mode & 0o777).toBe(0o600);
    const end = finished(child);
    child.kill('SIGTERM');
    const { code, stderr } = await end;
    expect(code).toBe(0);
    expect(stderr).toContain('made a new realm');
    for (const line of objects(stderr))
      expect(line).toMatchObject({ level: expect.any(String), msg: expect.any(String) });
  });

  test('works in a directory whose path is longer than a socket path may be', async () => {
    const directory = join(await sedge.directory(), 'x'.repeat(120));
    const { child } = await sedge.startAgent(directory);
    expect((await sedge.run(directory, ['status'])).code).toBe(0);
    expect(await sedge.kill(child, 'SIGINT')).toBe(0);
    expect((await sedge.run(directory, ['status'])).code).toBe(3);
  });

  test('starts at once after kill -9 and still has what was acknowledged', async () => {
    const directory = await sedge.directory();
    const { child } = await sedge.startAgent(directory);
    await sedge.run(directory, ['pub', 'kept', '-l'], '1\n2\n3\n');
    await sedge.kill(child, 'SIGKILL');
    expect((await sedge.run(directory, ['status'])).code).toBe(3);
    const doctor = await sedge.run(directory, ['doctor']);
    expect(doctor.stdout).toContain('killed or lost its power');
    await sedge.startAgent(directory);
    const sub = await sedge.run(directory, ['sub', 'kept', '--from', 'all', '--count', '3', '--wait', '10']);
    expect(sub).toMatchObject({ code: 0, stdout: '1\n2\n3\n' });
  });

  test('"sedge stop" returns when the agent is gone', async () => {
    const directory = await sedge.directory();
    const { child } = await sedge.startAgent(directory);
    const exit = new Promise((resolve) => child.once('exit', resolve));
    expect(await sedge.run(directory, ['stop'])).toMatchObject({ code: 0, stdout: 'stopped\n' });
    expect((await sedge.run(directory, ['stop'])).code).toBe(3);
    expect(await exit).toBe(0);
    await sedge.startAgent(directory);
  });

  test('a subscriber is told that the agent went away', async () => {
    const directory = await sedge.directory();
    const { child } = await sedge.startAgent(directory);
    await sedge.run(directory, ['pub', 'a', 'x']);
    const sub = sedge.spawn(directory, 'sub', 'a', '--from', 'all', '--json');
    const end = finished(sub);
    await new Promise((resolve) => sub.stdout!.once('data', resolve));
    await sedge.kill(child, 'SIGTERM');
    const { code, stderr } = await end;
    expect(code).toBe(1);
    expect(objects(stderr)).toMatchObject([{ error: { code: 'agent.disconnected' } }]);
  });

  test.each([
    ['an address that is none', ['--listen', '/nonsense'], 'cli.usage'],
    [
      'an address that is not of this machine',
      ['--listen', '/ip4/203.0.113.1/tcp/7600'],
      'overlay.listen-failed',
    ],
    ['a peer in a form that cannot be dialled', ['--peer', '/ip4/1.2.3.4'], 'overlay.bad-address'],
    ['a peer that is no address', ['--peer', 'pi.local'], 'cli.usage'],
  ])('refuses %s with a code and no stack trace', async (_, argv, code) => {
    const directory = await sedge.directory();
    const listen = argv[0] === '--listen' ? [] : ['--listen', '/ip4/127.0.0.1/tcp/0'];
    const start = await sedge.run(directory, ['start', '--json', '--no-mdns', ...listen, ...argv]);
    expect(start.code).toBe(code === 'cli.usage' ? 2 : 1);
    const { error } = objects(start.stderr).at(-1) as { error: { code: string } };
    expect(error.code).toBe(code);
    expect(start.stderr).not.toContain('    at ');
  });

  test('refuses a config.json with a wrong value, with its place', async () => {
    const directory = await sedge.directory();
    await writeFile(join(directory, 'config.json'), '{"commitIntervalMs":"often"}');
    const start = await sedge.run(directory, ['start']);
    expect(start.code).toBe(1);
    expect(start.stderr).toMatch(/config\.json:1, commitIntervalMs.*whole number/);
  });

  test('takes settings from sedge.yaml', async () => {
    const directory = await sedge.directory();
    await writeFile(join(directory, 'sedge.yaml'), '# a node\nname: from yaml\nmdns: false\n');
    expect((await sedge.startAgent(directory)).ready.name).toBe('from yaml');
  });

  test('takes settings from config.json of an earlier version', async () => {
    const directory = await sedge.directory();
    await writeFile(join(directory, 'config.json'), '{"name":"from file","mdns":false}');
    expect((await sedge.startAgent(directory)).ready.name).toBe('from file');
  });

  test('a directory that cannot be used is told of', async () => {
    const file = join(await sedge.directory(), 'file');
    await writeFile(file, '');
    const start = await sedge.run(file, ['start', '--json']);
    expect(start.code).toBe(1);
    expect(objects(start.stderr).at(-1)).toMatchObject({ error: { code: 'agent.directory' } });
  });
});

describe('doctor', () => {
  test('works where there is nothing yet', async () => {
    const directory = join(await sedge.directory(), 'none');
    const doctor = await sedge.run(directory, ['doctor']);
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/fail {2}directory: .* does not exist/);
    expect(doctor.stdout).toContain('sedge init');
    await mkdir(directory);
    expect((await sedge.run(directory, ['doctor'])).stdout).toMatch(/warn {2}realm/);
  });
});

describe('a Node that is too old', () => {
  const isOldHere = ['/usr/bin/node', '/usr/local/bin/node'];

  test('ends in one clear line and exit code 1', async () => {
    const old = await firstOld(isOldHere);
    const [command, ...argv] = old === null ? simulated() : [old, MAIN];
    const failure = await run(command!, [...argv, 'status']).catch((error: unknown) => error);
    const { code, stderr, stdout } = failure as { code: number; stderr: string; stdout: string };
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^sedge: sedge needs Node\.js 22\.18 or newer, and this is \S+\. .*\n$/);
  });
});

/** This Node under another number. */
function simulated(): string[] {
  const pretend = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.1.0'})";
  return [process.execPath, '--import', pretend, MAIN];
}

async function firstOld(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) {
    const found = await run(path, ['--version']).catch(() => null);
    if (found !== null && Number(/^v(\d+)/.exec(found.stdout)?.[1]) < 22) return path;
  }
  return null;
}
