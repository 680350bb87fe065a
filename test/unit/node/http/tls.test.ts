import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TEST_CERTIFICATES } from '../mqtt/test-certificates.ts';
import { HttpWorld } from './http-world.ts';

let directory: string;
let world: HttpWorld | null;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-http-'));
  world = null;
});

afterEach(async () => {
  await world?.stop();
  await rm(directory, { recursive: true });
});

const files = () => ({ certFile: join(directory, 'a.crt'), keyFile: join(directory, 'a.key') });

async function use(name: 'one' | 'two'): Promise<void> {
  const { certFile, keyFile } = files();
  await writeFile(certFile, TEST_CERTIFICATES[name].cert);
  await writeFile(keyFile, TEST_CERTIFICATES[name].key);
}

const start = () => HttpWorld.start({ listeners: [{ host: '127.0.0.1', port: 0, certificate: files() }] });

/** Status of an answer, and whose certificate came with it. */
function ask(): Promise<{ status: number; name: string }> {
  return new Promise((resolve, reject) => {
    const options = { rejectUnauthorized: false, agent: false as const };
    const request = get(`${world!.url}/v1/status`, options, (response) => {
      const { subject } = (response.socket as TLSSocket).getPeerCertificate();
      response.resume();
      resolve({ status: response.statusCode!, name: String(subject.CN) });
    });
    request.once('error', reject);
  });
}

it('speaks TLS, and a certificate that was replaced counts for new connections, without a restart', async () => {
  await use('one');
  world = await start();
  expect(world.url).toMatch(/^https:/);
  expect(await ask()).toEqual({ status: 200, name: 'one.sedge.test' });
  await use('two');
  await expect.poll(async () => (await ask()).name, { timeout: 15_000 }).toBe('two.sedge.test');
});

it('does not start with files that do not belong together', async () => {
  await use('one');
  await writeFile(files().keyFile, TEST_CERTIFICATES.two.key);
  await expect(start()).rejects.toMatchObject({ code: 'http.bad-certificate' });
});
