import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeviceBook, type DeviceDraft } from '../../../firmware-bridge/host/devices/index.ts';
import { silentLog } from '../../../src/index.ts';

const WRITER = fileURLToPath(new URL('device-book-writer.ts', import.meta.url));
const ID = '00112233445566aa';
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index + 200);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sedge-book-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = () => DeviceBook.open(directory, { log: silentLog, nowMs: () => 1_700_000_000_000 });
const draft = (more: Partial<DeviceDraft> = {}): DeviceDraft => ({
  id: ID,
  name: 'uno-1',
  key: KEY,
  ...more,
});
const fileOf = (id: string) => join(directory, 'devices', `${id}.json`);

describe('the device book', () => {
  it('is made empty where there is none', async () => {
    expect((await open()).list()).toEqual([]);
  });

  it('knows a device again after a restart, by id and by name', async () => {
    const added = await (await open()).add(
      draft({ prefix: 'site/north', topics: ['green/#'], signingKey: new Uint8Array(32).fill(7) }),
    );
    const book = await open();
    expect(book.find('uno-1')).toEqual(added);
    expect(book.find(ID.toUpperCase())).toEqual(added);
    expect(added.key).toEqual(KEY);
  });

  it('names a device by its id where nobody named it', async () => {
    const { name } = await (await open()).add({ id: ID, key: KEY });
    expect(name).toBe(ID);
  });

  it('keeps its files to the user', async () => {
    const book = await open();
    await book.add(draft());
    book.change(ID as never, { epoch: 5 });
    await book.saveAll();
    expect(statSync(join(directory, 'devices')).mode & 0o777).toBe(0o700);
    expect(statSync(fileOf(ID)).mode & 0o777).toBe(0o600);
  });

  it('keeps what changed once that was saved', async () => {
    const book = await open();
    const { id } = await book.add(draft());
    const topic = { id: 1, kind: 'reading', name: 'green/temp', type: 'float', unit: 'Cel' } as const;
    const command = {
      id: 3,
      name: 'relay',
      args: Uint8Array.of(0xf5),
      expiresAtMs: null,
      expiresAtWallMs: 1_700_000_060_000,
      sentInEpoch: 4,
      request: { author: 'a', epoch: 'e', seq: 9 },
      requestId: 'r-1',
    };
    book.change(id, { epoch: 4, readingsDone: 77, topicsCrc: 9, topics: [topic], lastCommandId: 3 });
    book.change(id, { commands: [command], uptime: { uptimeMs: 5_000_000_000, utcMs: 1_700_000_000_000 } });
    book.change(id, { lastPort: { path: '/dev/ttyUSB0', byId: null, byPath: '/dev/serial/by-path/x' } });
    await book.saveAll();
    expect((await open()).get(id)).toEqual(book.get(id));
  });

  it('keeps how far readings are settled in one file for all, and never goes back', async () => {
    const book = await open();
    const { id } = await book.add(draft());
    book.change(id, { epoch: 2 });
    await book.save(id);
    book.settle(id, 40);
    expect(book.settledSince).toBe(40);
    const before = readFileSync(fileOf(ID), 'utf8');
    await book.saveMarks();
    expect(book.settledSince).toBe(0);
    expect(readFileSync(fileOf(ID), 'utf8')).toBe(before);
    const again = await open();
    expect(again.get(id)?.readingsDone).toBe(40);
    again.change(id, { readingsDone: 90 });
    await again.save(id);
    expect((await open()).get(id)?.readingsDone).toBe(90);
  });

  it('takes a mark for the epoch that it is about alone, and a damaged one for none', async () => {
    const book = await open();
    const { id } = await book.add(draft());
    book.change(id, { epoch: 2 });
    book.settle(id, 40);
    await book.saveMarks();
    book.change(id, { epoch: 3, readingsDone: 0 });
    await book.save(id);
    expect((await open()).get(id)?.readingsDone).toBe(0);
    for (const text of ['', '{', '{"version":1,"marks":[[]]}', '{"version":1,"marks":[["x",1,2]]}']) {
      writeFileSync(join(directory, 'devices', 'marks'), text);
      expect((await open()).list()).toHaveLength(1);
    }
  });

  it('forgets a device with its key when it is removed', async () => {
    const book = await open();
    await book.add(draft());
    await book.remove('uno-1');
    expect(readdirSync(join(directory, 'devices'))).toEqual([]);
    expect(() => book.find(ID)).toThrowError(expect.objectContaining({ code: 'device.unknown' }));
    expect(book.change(ID as never, { epoch: 1 })).toBeNull();
    await book.saveAll();
    expect((await open()).list()).toEqual([]);
  });

  it('takes no second device of an id or a name', async () => {
    const book = await open();
    await book.add(draft());
    await expect(book.add(draft({ name: 'other' }))).rejects.toMatchObject({ code: 'device.exists' });
    await expect(book.add(draft({ id: 'ff'.repeat(8) }))).rejects.toMatchObject({ code: 'device.exists' });
    expect(book.list()).toHaveLength(1);
  });

  it.each<[string, Partial<DeviceDraft>]>([
    ['a short id', { id: '0011' }],
    ['an id that is not hexadecimal', { id: 'zz'.repeat(8) }],
    ['a name with a slash', { name: 'a/b' }],
    ['a name with a wildcard', { name: '+' }],
    ['the id of another device as name', { name: 'ff'.repeat(8) }],
    ['a short key', { key: new Uint8Array(15) }],
    ['a short signing key', { signingKey: new Uint8Array(31) }],
    ['a reserved prefix', { prefix: '$realm' }],
    ['a prefix with a wildcard', { prefix: 'a/#' }],
    ['a prefix where only the bridge speaks', { prefix: 'devices/barn' }],
    ['a bad filter', { topics: ['a/#/b'] }],
    ['no filter at all', { topics: [] }],
  ])('refuses %s', async (_name, more) => {
    await expect((await open()).add(draft(more))).rejects.toMatchObject({ code: 'device.bad-option' });
  });

  it('passes over a damaged file, and one that others can read, and says so', async () => {
    const book = await open();
    await book.add(draft());
    await book.add(draft({ id: 'ab'.repeat(8), name: 'two' }));
    await book.add(draft({ id: 'cd'.repeat(8), name: 'three' }));
    writeFileSync(fileOf(ID), readFileSync(fileOf(ID), 'utf8').slice(0, 40));
    chmodSync(fileOf('ab'.repeat(8)), 0o644);
    const again = await open();
    expect(again.list().map(({ name }) => name)).toEqual(['three']);
    expect(again.damaged.map(({ code }) => code).sort()).toEqual(['device.book-damaged', 'device.book-open']);
  });

  it('takes no file for the device of another', async () => {
    const book = await open();
    await book.add(draft());
    writeFileSync(fileOf('ab'.repeat(8)), readFileSync(fileOf(ID)), { mode: 0o600 });
    const again = await open();
    expect(again.list()).toHaveLength(1);
    expect(again.damaged).toHaveLength(1);
  });

  it('says that a newer version wrote a file', async () => {
    const book = await open();
    await book.add(draft());
    const newer = readFileSync(fileOf(ID), 'utf8').replace('"version": 1', '"version": 2');
    writeFileSync(fileOf(ID), newer);
    expect((await open()).damaged).toEqual([{ file: `${ID}.json`, code: 'device.book-version' }]);
  });

  it('writes changes of one device in their order', async () => {
    const book = await open();
    const { id } = await book.add(draft());
    const saving = Array.from({ length: 20 }, (_, epoch) => {
      book.change(id, { epoch });
      return book.save(id);
    });
    await Promise.all(saving);
    expect((await open()).get(id)?.epoch).toBe(19);
  });

  it('is whole after the process was killed while it wrote', async () => {
    for (let round = 0; round < 5; round++) {
      const told = await killWhileWriting();
      const book = await open();
      expect(book.damaged).toEqual([]);
      expect(book.get(ID as never)?.key).toEqual(KEY);
      expect(book.get(ID as never)?.epoch).toBeGreaterThanOrEqual(told);
      expect(readdirSync(join(directory, 'devices'))).toEqual([`${ID}.json`]);
    }
  });
});

/** Kills a process that saves one epoch after the other; resolves with the last one that it was told is durable. */
async function killWhileWriting(): Promise<number> {
  const key = Buffer.from(KEY).toString('base64');
  const writer: ChildProcess = spawn(process.execPath, [WRITER, directory, ID, key], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  writer.once('exit', () => resolve());
  writer.stdout!.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (text.split('\n').length > 30) writer.kill('SIGKILL');
  });
  await exited;
  return Number(text.split('\n').at(-2));
}
