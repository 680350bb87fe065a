import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDeb } from '../../../packaging/deb/build-deb.ts';
import { samplesOf } from '../page-samples.ts';
import { canBootSystemd, SystemdMachine } from './systemd-machine.ts';

const IS_DEBIAN = ['dpkg', 'apt', 'deb-systemd-helper'].every((tool) => existsSync(`/usr/bin/${tool}`));
const ARCH = process.arch === 'arm64' ? 'arm64' : 'amd64';

// Needs root and namespaces; where there are none, unit-text.test.ts still holds the unit and its rating.
// Each test goes on where the one before ended, so that none can be tried again.
describe.skipIf(!IS_DEBIAN || !canBootSystemd())(
  'the Debian package on a machine with systemd',
  { retry: 0 },
  () => {
    let outdir: string;
    let deb: string;
    let newer: string;
    let machine: SystemdMachine;
    const sedge = (...words: readonly string[]) => machine.run('sedge', ...words);
    /** Those of the guide, in their order. */
    let samples: string[];
    const sample = () => machine.run('sh', '-euc', samples.shift()!);
    const unit = (property: string) => machine.property('sedge', property);

    beforeAll(async () => {
      outdir = await mkdtemp(join(tmpdir(), 'sedge-deb-'));
      samples = (await samplesOf('docs/install.md'))
        .filter(({ info }) => info === 'sh deb')
        .map(({ code }) => code);
      deb = await buildDeb({ outdir, arch: ARCH, compression: 'none', version: '0.9.0' });
      newer = await buildDeb({
        outdir: join(outdir, 'newer'),
        arch: ARCH,
        compression: 'none',
        version: '0.9.1',
      });
      machine = await SystemdMachine.boot();
    }, 180_000);

    afterAll(async () => {
      await machine?.stop();
      await rm(outdir, { recursive: true, force: true });
    });

    it('installs, and waits for a realm', async () => {
      const said = await machine.run('sh', '-c', `cd ${dirname(deb)} && ${samples.shift()!}`);
      expect(said).toContain('sudo sedge init REALM');
      expect(await unit('UnitFileState')).toBe('enabled');
      expect(await unit('ActiveState')).toBe('inactive');
      const status = await sedge('service', 'status').catch((error) => String(error.stdout));
      expect(status).toContain('it waits for a realm: "sudo sedge init REALM"');
      expect(await machine.run('stat', '-c', '%U %a', '/var/lib/sedge')).toBe('sedge 750\n');
    });

    it('runs as its own user once there is a realm that root has made', async () => {
      expect(await sample()).toMatch(/^service {3}active with pid \d+; starts at boot$/m);
      expect(await sample()).toContain('4.0\n');
      expect(await machine.run('find', '/var/lib/sedge', '!', '-type', 'l', '!', '-user', 'sedge')).toBe('');
      expect(await machine.run('ps', '-o', 'user=', '-p', await unit('MainPID'))).toBe('sedge\n');
      expect(await unit('StatusText')).toContain('gateway in farm');
    });

    it('is not open to other users, who are told to use sudo', async () => {
      const asNobody = [
        '--reuid=65534',
        '--regid=65534',
        '--clear-groups',
        'env',
        'HOME=/nowhere',
        'sedge',
        'status',
      ];
      const refused = await machine.run('setpriv', ...asNobody).catch((error) => String(error.stderr));
      expect(refused).toContain('Run the command with sudo');
    });

    it('comes back after it was killed', async () => {
      const killed = await unit('MainPID');
      await machine.run('kill', '-9', killed);
      await machine.until(async () => (await unit('NRestarts')) === '1', 'a restart');
      await machine.until(async () => (await unit('ActiveState')) === 'active', 'ready again');
      expect(await sedge('sub', 'site/#', '--from', 'all', '--count', '1')).toBe('4.0\n');
    });

    it('is restarted by the watchdog when it does not get on', async () => {
      await machine.run(
        'sh',
        '-c',
        'mkdir -p /run/systemd/system/sedge.service.d && printf "[Service]\\nWatchdogSec=4\\n" >/run/systemd/system/sedge.service.d/short.conf',
      );
      await machine.run('systemctl', 'daemon-reload');
      await machine.run('systemctl', 'restart', 'sedge');
      const pid = await unit('MainPID');
      await machine.run('kill', '-STOP', pid);
      await machine.until(async () => !['0', pid].includes(await unit('MainPID')), 'another process');
      await machine.until(async () => (await unit('ActiveState')) === 'active', 'ready again');
      expect(await machine.run('journalctl', '-u', 'sedge', '--no-pager')).toContain('Watchdog timeout');
      await machine.run('rm', '-r', '/run/systemd/system/sedge.service.d');
      await machine.run('systemctl', 'daemon-reload');
    });

    it('keeps messages and places of subscriptions over an upgrade and back', async () => {
      const take = () => sedge('sub', 'log/#', '--durable', 'reader', '--from', 'all', '--count', '1');
      for (const text of ['one', 'two', 'three']) await sedge('pub', 'log/line', text);
      expect(await take()).toBe('one\n');
      await machine.run('sh', '-c', 'echo "storageMax: 1GB" >>/etc/sedge/sedge.yaml');
      await machine.run('dpkg', '-i', newer);
      expect(await machine.run('cat', '/etc/sedge/sedge.yaml')).toMatch(/^storageMax: 1GB$/m);
      // Of a file that the person changed and the package did too, dpkg would ask.
      expect(await machine.run('dpkg', '-s', 'sedge')).not.toContain('Conffiles:');
      expect(await sedge('service', 'status', '--json')).toContain('"runningVersion":"0.9.1"');
      expect(await take()).toBe('two\n');
      await sedge('pub', 'log/line', 'four');
      await machine.run('dpkg', '--force-downgrade', '-i', deb);
      expect(await sedge('service', 'status', '--json')).toContain('"runningVersion":"0.9.0"');
      expect(await take()).toBe('three\n');
      expect(await take()).toBe('four\n');
      expect(await sedge('verify')).not.toContain('bad');
    });

    it('keeps the data when it is removed, and nothing when it is purged', async () => {
      await sample();
      expect(await unit('ActiveState')).not.toBe('active');
      await machine.run('test', '-e', '/var/lib/sedge/identity.key');
      await machine.run('dpkg', '-P', 'sedge');
      expect(
        await machine.run('sh', '-c', 'ls -d /var/lib/sedge /etc/sedge /usr/lib/sedge 2>/dev/null || true'),
      ).toBe('');
    });
  },
);
