import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { objects, type Ready, Sedge } from '../cli/sedge-process.ts';

const sedge = new Sedge();
let directory: string;
let agent: ChildProcess;
let ready: Ready;
let url: string;

beforeAll(async () => {
  directory = await sedge.directory();
  const started = await sedge.startAgent(directory, '--http', '0');
  agent = started.child;
  ready = started.ready;
  url = ready.http![0]!;
});

afterAll(() => sedge.cleanUp());

async function token(...argv: string[]): Promise<string> {
  const { stdout } = await sedge.run(directory, ['token', 'add', ...argv, '--json']);
  return (objects(stdout)[0] as { token: string }).token;
}

describe('an agent', () => {
  it('says where its HTTP API is, in its ready line and in "sedge status"', async () => {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await sedge.run(directory, ['status'])).stdout).toContain(url);
  });

  it('brings what is published over HTTP to everybody else, and the other way round', async () => {
    const body = JSON.stringify({ topic: 'site/a', payload: '1' });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/v1/publish`, { method: 'POST', body, headers });
    expect(await answer.json()).toMatchObject({ duplicate: false });
    const sub = await sedge.run(directory, [
      'sub',
      'site/#',
      '--from',
      'all',
      '--count',
      '1',
      '--wait',
      '30',
    ]);
    expect(sub.stdout).toContain('1');
    await sedge.run(directory, ['pub', 'site/b', '2']);
    expect(await (await fetch(`${url}/v1/topics/site/b`)).text()).toBe('2');
  });

  it('refuses an explicit port that is taken, with a code', async () => {
    const other = await sedge.directory();
    const argv = ['start', '--json', '--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0', '--mqtt', 'off'];
    const start = await sedge.run(other, [...argv, '--http', new URL(url).port]);
    expect(start.code).toBe(1);
    expect(objects(start.stderr).at(-1)).toMatchObject({ error: { code: 'http.cannot-listen' } });
  });

  it('refuses to open the API to other machines without TLS and tokens, and says what to do', async () => {
    const other = await sedge.directory();
    const argv = ['start', '--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0', '--mqtt', 'off'];
    const start = await sedge.run(other, [...argv, '--http', '0.0.0.0:0']);
    expect(start).toMatchObject({ code: 1, stderr: expect.stringContaining('--http-tls') });
  });
});

describe('a token', () => {
  it('is shown once, listed without its secret, and good no more once it is revoked', async () => {
    const text = await token('panel', '--scope', 'read', '--expires', '1h');
    const as = (secret: string) =>
      fetch(`${url}/v1/status`, { headers: { authorization: `Bearer ${secret}` } });
    await expect.poll(async () => (await as(text)).status, { timeout: 15_000 }).toBe(200);
    const { stdout } = await sedge.run(directory, ['token', 'ls', '--json']);
    expect(objects(stdout)).toMatchObject([{ name: 'panel', scopes: ['read'] }]);
    expect(stdout).not.toContain(text.slice(16));
    expect((await sedge.run(directory, ['token', 'add', 'panel'])).code).toBe(2);
    expect((await sedge.run(directory, ['token', 'revoke', 'panel'])).code).toBe(0);
    await expect.poll(async () => (await as(text)).status, { timeout: 15_000 }).toBe(401);
    expect((await sedge.run(directory, ['token', 'revoke', 'panel'])).stderr).toContain('sedge token ls');
  });

  it('that is none is told so: a scope that nobody knows', async () => {
    const add = await sedge.run(directory, ['token', 'add', 'odd', '--scope', 'write']);
    expect(add).toMatchObject({ code: 2, stderr: expect.stringContaining('publish:FILTER') });
  });

  it('with the right to it stops the agent, which without one nobody can', async () => {
    const stop = (headers: Record<string, string>) => fetch(`${url}/v1/stop`, { method: 'POST', headers });
    expect((await stop({})).status).toBe(401);
    const authorization = `Bearer ${await token('owner', '--scope', 'admin', '--expires', 'never')}`;
    const exit = once(agent, 'exit');
    await expect.poll(async () => (await stop({ authorization })).status, { timeout: 15_000 }).toBe(200);
    expect(await exit).toEqual([0, null]);
  });
});
