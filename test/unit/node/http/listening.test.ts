import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AgentSettings, checkHttp, httpListening } from '../../../../node/config/index.ts';
import { writeTokens } from '../../../../node/gateways/http/tokens/token-file.ts';
import { makeToken } from '../../../../node/gateways/http/tokens/token-text.ts';

const FAR = { host: '0.0.0.0', port: 8_443 };
const FILES = { httpCert: 'a.crt', httpKey: 'a.key' };

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-http-'));
});

afterEach(() => rm(directory, { recursive: true }));

async function addToken(): Promise<void> {
  const { id, hash } = makeToken();
  const token = { id, name: 'a', hash, scopes: ['read'] as const, createdAtMs: 0, expiresAtMs: null };
  await writeTokens(directory, new Map([[id, token]]));
}

describe('where the HTTP API listens', () => {
  it('is this machine alone, at its port, if nobody says anything', () => {
    const unasked = { host: '127.0.0.1', port: 8_420, unasked: true };
    expect(httpListening({})).toMatchObject({ listeners: [unasked], local: 'publish' });
    expect(httpListening({ http: null })).toBeNull();
  });

  it('is an address in the clear and one over TLS, as the settings say', () => {
    const certificate = { certFile: 'a.crt', keyFile: 'a.key' };
    expect(httpListening({ http: null, httpTls: FAR, ...FILES })).toMatchObject({
      listeners: [{ ...FAR, certificate }],
    });
    expect(httpListening({ httpTls: FAR, ...FILES, httpLocal: 'none' })?.listeners).toHaveLength(2);
    expect(() => httpListening({ httpTls: FAR })).toThrow(/--http-cert/);
  });
});

describe('an address that other machines reach', () => {
  const check = (settings: AgentSettings) => checkHttp(directory, settings);

  it('needs TLS or a word for it, and a token', async () => {
    await expect(check({ http: FAR })).rejects.toThrow(/--http-tls/);
    await expect(check({ http: FAR, httpInsecure: true })).rejects.toThrow(/sedge token add/);
    await expect(check({ httpTls: FAR, ...FILES })).rejects.toThrow(/sedge token add/);
    await addToken();
    await check({ httpTls: FAR, ...FILES });
    await check({ http: FAR, httpInsecure: true });
    await expect(check({ http: FAR })).rejects.toMatchObject({ code: 'agent.bad-config' });
  });

  it('is no matter of one that this machine alone reaches', async () => {
    await check({});
    await check({ http: { host: '::1', port: 1 } });
    await check({ http: null });
  });
});
