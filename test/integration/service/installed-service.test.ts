import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPackage } from '../../../packaging/build-package.ts';
import { npmScript } from '../packaging/installed-package.ts';
import { canBootSystemd, SystemdMachine } from '../packaging/systemd-machine.ts';
import { samplesOf } from '../page-samples.ts';

const run = promisify(execFile);

// Each test goes on where the one before ended, so that none can be tried again.
describe.skipIf(!canBootSystemd())('the npm package on a machine with systemd', { retry: 0 }, () => {
  let outdir: string;
  /** Those of the guide, in their order. */
  let samples: string[];
  let machine: SystemdMachine;
  const sedge = (...words: readonly string[]) => machine.run('sedge', ...words);
  const sample = () => machine.run('sh', '-euc', `cd ${outdir} && ${samples.shift()!}`);

  beforeAll(async () => {
    outdir = await mkdtemp(join(tmpdir(), 'sedge-service-'));
    samples = (await samplesOf('docs/install.md'))
      .filter(({ info }) => info === 'sh npm')
      .map(({ code }) => code);
    await buildPackage(join(outdir, 'built'), { types: false });
    const npm = await npmScript();
    await run(process.execPath, [npm, 'pack', '--pack-destination', outdir, join(outdir, 'built')]);
    machine = await SystemdMachine.boot();
    await machine.run('cp', process.execPath, '/usr/local/bin/node');
    const script = `#!/bin/sh\nexec node ${npm} --offline "$@"\n`;
    await machine.run('sh', '-c', `printf '${script}' >/usr/local/bin/npm && chmod 755 /usr/local/bin/npm`);
  }, 180_000);

  afterAll(async () => {
    await machine?.stop();
    await rm(outdir, { recursive: true, force: true });
  });

  it('installs for all users', async () => {
    expect(await sample()).toMatch(/\d+\.\d+\.\d+\n$/);
  });

  it('becomes a service; a second time nothing is to be done', async () => {
    expect(await sample()).toMatch(/^service {3}active with pid \d+; starts at boot$/m);
    expect(await sedge('service', 'install', '--yes')).toBe('Nothing is to be done.\n');
  });

  it('tells a version that runs and one that is installed apart', async () => {
    await machine.run(
      'sed',
      '-i',
      's/"version": "[^"]*"/"version": "9.9.9"/',
      '/usr/local/lib/node_modules/sedge/package.json',
    );
    expect(await sedge('service', 'status')).toContain('Version 9.9.9 is installed and');
    const found = await sedge('doctor').catch((error) => String(error.stdout));
    expect(found).toMatch(/^warn {2}service: 9\.9\.9 is installed and \S+ still runs$/m);
  });

  it('removes it, and keeps the data until it is told to purge', async () => {
    await sample();
    await machine.run('test', '-e', '/var/lib/sedge/identity.key');
    expect(await machine.property('sedge', 'LoadState')).toBe('not-found');
    await sedge('service', 'uninstall', '--purge', '--yes');
    const left = 'ls -d /var/lib/sedge /etc/sedge 2>/dev/null || true';
    expect(await machine.run('sh', '-c', `${left}; getent passwd sedge || true`)).toBe('');
  });
});
