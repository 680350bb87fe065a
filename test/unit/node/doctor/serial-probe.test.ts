import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { machineProbe } from '../../../../node/doctor/serial-probe.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sedge-probe-'));
});

afterEach(() => rm(root, { recursive: true }));

test('there is nothing where nothing is, nor behind a link that leads nowhere', async () => {
  await symlink(join(root, 'gone'), join(root, 'by-id'));
  expect(machineProbe().file(join(root, 'gone'))).toBeNull();
  expect(machineProbe().file(join(root, 'by-id'))).toBeNull();
});

test('a file and a device of another kind are no serial port', async () => {
  await writeFile(join(root, 'file'), '');
  await symlink('/dev/null', join(root, 'by-id'));
  expect(machineProbe().file(join(root, 'file'))).toMatchObject({ isTty: false });
  expect(machineProbe().file(join(root, 'by-id'))).toMatchObject({ isTty: false, path: '/dev/null' });
});

test('the kernel says by its number whether a device is a serial port', async () => {
  await mkdir(join(root, 'dev/char/1:3'), { recursive: true });
  await symlink('../../../class/tty', join(root, 'dev/char/1:3/subsystem'));
  expect(machineProbe({ sys: root }).file('/dev/null')).toMatchObject({ isTty: true });
});

test('a user is in a group by the file of groups', async () => {
  const { username, gid } = userInfo();
  await writeFile(join(root, 'group'), `own:x:${gid}:\ndialout:x:20:other,${username}\ntty:x:5:other\n`);
  const probe = machineProbe({ etc: root });
  expect(probe.user).toBe(username);
  expect([probe.isMember('dialout'), probe.isMember('tty'), probe.isMember('none')]).toEqual([
    true,
    false,
    false,
  ]);
});

test('who has a file open is found by name and pid', async () => {
  await mkdir(join(root, '12/fd'), { recursive: true });
  await mkdir(join(root, '13/fd'), { recursive: true });
  await mkdir(join(root, 'self/fd'), { recursive: true });
  await writeFile(join(root, '12/comm'), 'screen\n');
  await writeFile(join(root, '13/comm'), 'ModemManager\n');
  await symlink('/dev/ttyUSB0', join(root, '12/fd/3'));
  await symlink('/dev/ttyUSB1', join(root, '13/fd/3'));
  const probe = machineProbe({ proc: root });
  expect(probe.holders('/dev/ttyUSB0')).toEqual([{ pid: 12, name: 'screen' }]);
  expect(probe.running(['ModemManager', 'brltty'])).toEqual([{ pid: 13, name: 'ModemManager' }]);
});

test('a program whose thread has a name of its own is called as it was started', async () => {
  await mkdir(join(root, '14/fd'), { recursive: true });
  await writeFile(join(root, '14/comm'), 'MainThread\n');
  await writeFile(join(root, '14/cmdline'), '/usr/bin/node\0/opt/sedge/main.js\0start\0');
  await symlink('/dev/ttyUSB2', join(root, '14/fd/3'));
  expect(machineProbe({ proc: root }).holders('/dev/ttyUSB2')).toEqual([{ pid: 14, name: 'node' }]);
});

test('the machine itself tells what this process has open', async () => {
  const path = join(root, 'open');
  const file = await open(path, 'w');
  try {
    expect(machineProbe().holders(path)).toEqual([{ pid: process.pid, name: expect.any(String) }]);
  } finally {
    await file.close();
  }
  expect(machineProbe().holders(path)).toEqual([]);
});

test('a machine without /proc and /etc/group tells nothing', () => {
  const probe = machineProbe({ proc: join(root, 'none'), etc: join(root, 'none') });
  expect([probe.holders('/dev/null'), probe.running(['init']), probe.isMember('dialout')]).toEqual([
    [],
    [],
    false,
  ]);
});

test.skipIf(process.getuid?.() !== 0 || !existsSync('/dev/tty0'))(
  'a user who is not root may not use what is not theirs',
  () => {
    const module = new URL('../../../../node/doctor/serial-probe.ts', import.meta.url);
    const script = `import(${JSON.stringify(module.href)}).then(({ machineProbe }) => {
    const { isTty, isAllowed } = machineProbe().file('/dev/tty0');
    console.log(JSON.stringify({ isTty, isAllowed, anybody: machineProbe().file('/dev/null').isAllowed }));
  })`;
    const options = { uid: 65_534, gid: 65_534, encoding: 'utf8' } as const;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], options);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ isTty: true, isAllowed: false, anybody: true });
  },
);
