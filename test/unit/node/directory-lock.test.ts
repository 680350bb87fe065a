import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectoryLock, LOCK_FILE, lockHolder } from '../../../node/directory-lock.ts';
import { prepareDirectory } from '../../../node/node-directory.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-lock-'));
});

afterEach(() => rm(directory, { recursive: true }));

function holdBy(pid: number, startTicks: string | null): Promise<void> {
  return writeFile(join(directory, LOCK_FILE), JSON.stringify({ pid, startTicks }));
}

test('one has the lock, the next is told who', async () => {
  const lock = await DirectoryLock.take(directory);
  await expect(DirectoryLock.take(directory)).rejects.toMatchObject({
    code: 'agent.running',
    details: { directory, pid: process.pid },
  });
  expect(lockHolder(directory)).toMatchObject({ pid: process.pid, isAlive: true });
  lock.release();
  expect(lockHolder(directory)).toBeNull();
  (await DirectoryLock.take(directory)).release();
});

test('of many at once exactly one gets it, and nothing is left behind', async () => {
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => DirectoryLock.take(directory)));
  const taken = results.filter((result) => result.status === 'fulfilled');
  expect(taken).toHaveLength(1);
  taken[0]!.value.release();
  expect(await readdir(directory)).toEqual([]);
});

test('the lock of a process that is gone is taken over at once', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8');
  const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
  await holdBy(child.pid!, startTicks);
  await expect(DirectoryLock.take(directory)).rejects.toMatchObject({ code: 'agent.running' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(lockHolder(directory)?.isAlive).toBe(false);
  (await DirectoryLock.take(directory)).release();
});

test('a process number that was given to another program since does not count', async () => {
  await holdBy(process.ppid, '1');
  (await DirectoryLock.take(directory)).release();
});

test('a lock of this number from an earlier life, as in a container, does not count', async () => {
  const stat = await readFile('/proc/self/stat', 'utf8');
  await holdBy(process.pid, stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!);
  (await DirectoryLock.take(directory)).release();
});

test.each(['', '{', '{"pid":"x"}', '{"pid":-1}'])(
  'a damaged lock file (%j) does not keep the agent from starting',
  async (text) => {
    await writeFile(join(directory, LOCK_FILE), text);
    (await DirectoryLock.take(directory)).release();
  },
);

test('whoever answers on the control socket has the directory, whatever the lock says', async () => {
  const server = createServer().listen(join(directory, 'control.sock'));
  await once(server, 'listening');
  await expect(DirectoryLock.take(directory)).rejects.toMatchObject({ code: 'agent.running' });
  expect(lockHolder(directory)).toBeNull();
  server.close();
  await once(server, 'close');
});

test('a place that takes no directories is refused instead of being tried for ever', async () => {
  await expect(prepareDirectory('/proc/sedge/none')).rejects.toMatchObject({ code: 'agent.directory' });
});

test('a directory is made with its parents, for its owner alone', async () => {
  const path = join(directory, 'a/b/c');
  await prepareDirectory(path);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  await prepareDirectory(path);
});

test('a directory that is not there cannot be locked', async () => {
  await expect(DirectoryLock.take(join(directory, 'none'))).rejects.toMatchObject({
    code: 'agent.directory',
  });
});
