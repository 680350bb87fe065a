import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type KeptAlerts,
  parseKept,
  readAlertsFile,
  writeAlertsFile,
} from '../../../../node/alerts/alerts-file.ts';

const KEPT: KeptAlerts = {
  revision: 7,
  alerts: [
    {
      id: 'disk',
      rule: 'disk',
      watch: 'disk',
      severity: 'alarm',
      subject: '',
      state: 'firing',
      sentence: 'The disk of this node is 91% full.',
      next: 'Remove what is not needed.',
      value: 91,
      limit: 90,
      occurrence: 2,
      sinceMs: 1,
      firedAtMs: 2,
      endedAtMs: null,
      acknowledged: { by: 'ann', atMs: 3, note: '' },
      revision: 7,
    },
  ],
  peers: [{ node: 'a', name: 'barn', heardAtMs: 5 }],
  webhooks: { 'https://a.example/': [{ id: 'd', event: 'fired', atMs: 1, body: '{}', attempts: 3 }] },
};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-alerts-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('alerts.json', () => {
  it('comes back as it was written, for its owner alone', async () => {
    expect(await readAlertsFile(directory, 0)).toMatchObject({
      kept: { revision: 0, alerts: [] },
      damagedFile: null,
    });
    await writeAlertsFile(directory, KEPT);
    expect((await readAlertsFile(directory, 0)).kept).toEqual(KEPT);
    expect((await stat(join(directory, 'alerts.json'))).mode & 0o777).toBe(0o600);
  });

  it('of the first version is read for ever, and written the same', async () => {
    const golden = await readFile(new URL('../../../vectors/alerts/alerts-v1.json', import.meta.url), 'utf8');
    const kept = parseKept(golden)!;
    expect(kept).toMatchObject({
      revision: 7,
      alerts: [{ acknowledged: { by: 'ann' } }, { state: 'ended' }],
    });
    await writeAlertsFile(directory, kept);
    expect(await readFile(join(directory, 'alerts.json'), 'utf8')).toBe(golden);
  });

  it('is taken with keys that a later version added', async () => {
    const later = { version: 1, ...KEPT, sounds: ['x'], alerts: [{ ...KEPT.alerts[0], colour: 'red' }] };
    expect(parseKept(JSON.stringify(later))).toMatchObject({ revision: 7, alerts: [{ id: 'disk' }] });
  });

  it.each([
    ['', 'empty'],
    ['{"version":1', 'cut'],
    ['\u0000'.repeat(64), 'zeroes'],
    [JSON.stringify({ version: 2, ...KEPT }), 'of a later version'],
    [
      JSON.stringify({ version: 1, ...KEPT, alerts: [{ ...KEPT.alerts[0], state: 'odd' }] }),
      'of another shape',
    ],
  ])('is moved aside as it is where it is %j', async (text) => {
    await writeFile(join(directory, 'alerts.json'), text);
    const { kept, damagedFile } = await readAlertsFile(directory, 42);
    expect(kept).toMatchObject({ revision: 0, alerts: [], peers: [] });
    expect(damagedFile).toBe(join(directory, 'alerts.json.damaged-42'));
    expect(await readdir(directory)).toEqual(['alerts.json.damaged-42']);
    expect(await readFile(damagedFile!, 'utf8')).toBe(text);
  });

  it('is moved aside where it cannot be read at all', async () => {
    await mkdir(join(directory, 'alerts.json'));
    const { damagedFile } = await readAlertsFile(directory, 42);
    expect(damagedFile).toBe(join(directory, 'alerts.json.damaged-42'));
    await writeAlertsFile(directory, KEPT);
    expect((await readAlertsFile(directory, 43)).kept).toEqual(KEPT);
  });

  it('is whole or nothing, whatever it holds', () => {
    const text = JSON.stringify({ version: 1, ...KEPT });
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 3 }), (at, patch) => {
        const kept = parseKept(text.slice(0, at) + patch + text.slice(at + 1));
        return (
          kept === null ||
          kept.alerts.every(({ id, occurrence }) => typeof id === 'string' && occurrence >= 0)
        );
      }),
      { numRuns: 2_000 },
    );
  });
});
