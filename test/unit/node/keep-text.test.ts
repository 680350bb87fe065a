import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resolveSettings } from '../../../node/config/index.ts';
import { formatKeep, parseBytes, parseKeep } from '../../../node/config/keep-text.ts';

describe('sizes', () => {
  test.each([
    ['1B', 1],
    ['500MB', 500_000_000],
    ['1.5GB', 1_500_000_000],
    ['1GiB', 2 ** 30],
    ['2tb', 2e12],
  ])('%s is %i bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  test.each(['', '5', 'GB', '-1GB', '1 GB', '9999TB', '1XB'])('%j is none', (text) => {
    expect(parseBytes(text)).toBeNull();
  });
});

describe('what is kept, as a text', () => {
  test.each([
    ['7d,2GB', { retentionSeconds: 604_800, retentionBytes: 2e9 }],
    ['100000msgs', { retentionMessages: 100_000 }],
    ['all', { retentionSeconds: 0, retentionBytes: 0, retentionMessages: 0 }],
    ['all,ttl=1h', { retentionSeconds: 0, retentionBytes: 0, retentionMessages: 0, ttlSeconds: 3_600 }],
    ['90m, priority=alarm', { retentionSeconds: 5_400, priority: 'alarm' }],
    ['ttl=0', { ttlSeconds: 0 }],
  ])('%s is read, and written so that it is read as the same', (text, policy) => {
    expect(parseKeep(text)).toEqual(policy);
    expect(parseKeep(formatKeep(policy as never))).toEqual(policy);
  });

  test.each(['', '7', '7d,8d', 'priority=high', 'ttl=', '0msgs', '500ms', '2GB,all', 'main=7d'])(
    '%j is refused',
    (text) => expect(parseKeep(text)).toBeNull(),
  );
});

describe('settings of an agent', () => {
  const settings = async (options: object, env: Record<string, string> = {}, file?: unknown) => {
    const directory = mkdtempSync(join(tmpdir(), 'sedge-keep-'));
    try {
      if (file !== undefined) writeFileSync(join(directory, 'config.json'), JSON.stringify(file));
      return await resolveSettings(directory, options as never, env);
    } finally {
      rmSync(directory, { recursive: true });
    }
  };
  const week = { main: { retentionSeconds: 604_800 } };

  test('say what is kept by option, environment and file alike', async () => {
    expect(await settings({ retention: ['main=7d'], storageMax: '10GB' })).toEqual({
      retention: week,
      storageMax: 1e10,
    });
    const env = { SEDGE_RETENTION: 'main=7d; bulk=1MB,priority=bulk', SEDGE_STORAGE_MAX: 'none' };
    const bulk = { retentionBytes: 1e6, priority: 'bulk' };
    expect(await settings({}, env)).toEqual({ retention: { ...week, bulk }, storageMax: null });
    expect(await settings({}, {}, { retention: { main: '7d' }, storageMax: 5e9 })).toEqual({
      retention: week,
      storageMax: 5e9,
    });
  });

  test.each([
    [{ retention: ['main'] }],
    [{ retention: ['$realm=7d'] }],
    [{ retention: ['main=soon'] }],
    [{ storageMax: '1kB' }],
    [{ storageMax: 'much' }],
  ])('%j is refused', async (options) => {
    await expect(settings(options)).rejects.toThrow(expect.objectContaining({ code: 'cli.usage' }));
  });
});
