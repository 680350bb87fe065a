import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/errors/index.ts';
import { type ChannelJournal, diskError, MemoryDisk } from '../../../src/journal/index.ts';
import type { Comparison, CursorKey } from '../../../src/sync/cursor-book.ts';
import { CursorBook } from '../../../src/sync/index.ts';
import { DIRECTORY, filesOf, makeJournal, other } from '../journal/journal-world.ts';
import { CHANNEL, sampleAuthor, sampleEntry, sampleFacts } from '../journal/sample-entries.ts';

const OFFSET = { incarnation: 'aa'.repeat(8), position: 9 };
const KEY: CursorKey = { peer: sampleAuthor(5), storeId: '77'.repeat(8), channel: CHANNEL };
const FOUND: Comparison = {
  ...{ offset: OFFSET, ownRoot: '11'.repeat(16), peerRoot: '22'.repeat(16) },
  ...{ byRealm: false, full: true },
};
const DAY_MS = 86_400_000;

describe('what is remembered of peers', () => {
  let disk: MemoryDisk;
  let journal: ChannelJournal;
  let realmRoot: number;
  let book: CursorBook;
  let nowMs: number;
  let seq: number;

  beforeEach(async () => {
    disk = new MemoryDisk();
    realmRoot = 1;
    nowMs = 5 * DAY_MS;
    seq = 0;
    await open();
  });

  afterEach(async () => {
    await book.close();
    await journal.stop();
  });

  async function open(): Promise<void> {
    journal = makeJournal(disk).journal;
    const realm = { root: () => new Uint8Array(16).fill(realmRoot), commit: async () => {} };
    const journals = new Map([
      [CHANNEL, journal],
      ['$realm', realm as unknown as ChannelJournal],
    ]);
    book = new CursorBook({ disk, directory: '/node' }, { journals, nowMs: () => nowMs, log: silentLog });
    await book.load();
    await journal.start();
  }

  async function restart(): Promise<void> {
    await book.close();
    await journal.stop();
    await open();
  }

  /** The power goes; unsynced writes are lost. */
  async function crash(): Promise<void> {
    const survived = disk.crash({ keepUnsynced: 'none' });
    await book.close();
    await journal.stop();
    disk = survived;
    await open();
  }

  function fail(where: (path: string) => boolean): void {
    disk.onOperation = ({ kind, path }) => {
      if (kind === 'sync' && where(path)) throw diskError('EIO', path);
    };
  }

  const store = (bytes = 10) =>
    journal.append(sampleEntry({ author: other, seq: ++seq, payloadBytes: bytes }), sampleFacts());
  const cursor = (key: Partial<CursorKey> = {}) => book.cursor({ ...KEY, ...key });
  const isSettled = () => book.isSettled(KEY, FOUND.ownRoot, FOUND.peerRoot);

  it('is the offset and the pair of roots, over restarts', async () => {
    store();
    book.note(KEY, FOUND);
    for (let round = 0; round < 3; round++) {
      expect(cursor()).toEqual(OFFSET);
      expect(isSettled()).toBe(true);
      expect(book.isSettled(KEY, FOUND.peerRoot, FOUND.ownRoot)).toBe(false);
      await restart();
    }
  });

  it('is of one store of one peer in one channel', () => {
    book.note(KEY, FOUND);
    expect(cursor({ storeId: '78'.repeat(8) })).toBeNull();
    expect(cursor({ peer: sampleAuthor(6) })).toBeNull();
    expect(cursor({ channel: 'other' })).toBeNull();
  });

  it('is of no use where the peer got nothing and has another root: it lost something, or is a copy', () => {
    book.note(KEY, FOUND);
    expect(book.cursor(KEY, { offset: OFFSET, root: FOUND.peerRoot })).toEqual(OFFSET);
    expect(book.cursor(KEY, { offset: OFFSET, root: '55'.repeat(16) })).toBeNull();
    const further = { ...OFFSET, position: OFFSET.position + 1 };
    expect(book.cursor(KEY, { offset: further, root: '55'.repeat(16) })).toEqual(OFFSET);
  });

  it('survives a crash where all that it covers was durable', async () => {
    store();
    await journal.commit();
    book.note(KEY, FOUND);
    await book.save();
    await crash();
    expect(cursor()).toEqual(OFFSET);
  });

  it('is not written before what it covers is durable', async () => {
    store();
    await journal.commit();
    fail((path) => path.startsWith(DIRECTORY));
    store();
    book.note(KEY, FOUND);
    await book.save();
    disk.onOperation = null;
    await crash();
    expect(cursor()).toBeNull();
  });

  it('is worth nothing where the journal lost what it covered', async () => {
    for (let n = 0; n < 40; n++) store(200);
    await journal.commit();
    book.note(KEY, FOUND);
    await book.save();
    await journal.stop();
    await book.close();
    const [segment] = await filesOf(disk, '.segment');
    disk.flip(`${DIRECTORY}/${segment}`, 3_000);
    await open();
    expect(journal.recovery?.heldSetShrank).toBe(true);
    expect(cursor()).toBeNull();
    expect(isSettled()).toBe(false);
  });

  it('stays worth nothing though the start that found the loss crashed too', async () => {
    for (let n = 0; n < 40; n++) store(200);
    book.note(KEY, FOUND);
    await book.close();
    await journal.stop();
    const [segment] = await filesOf(disk, '.segment');
    disk.flip(`${DIRECTORY}/${segment}`, 3_000);
    await open();
    disk = disk.crash({ keepUnsynced: 'all' });
    await open();
    expect(cursor()).toBeNull();
  });

  it('is worth nothing once something held is found damaged while it is served', async () => {
    for (let n = 0; n < 40; n++) store(200);
    await journal.commit();
    book.note(KEY, FOUND);
    await restart();
    expect(cursor()).toEqual(OFFSET);
    const [segment] = await filesOf(disk, '.segment');
    disk.flip(`${DIRECTORY}/${segment}`, 3_000);
    await journal.readArrival(1, { recordsMax: 100 });
    expect(journal.shrinks).toBe(1);
    expect(cursor()).toBeNull();
    await restart();
    expect(cursor()).toBeNull();
  });

  it('holds only while the realm stays as it is, where something was not taken because of it', async () => {
    book.note(KEY, FOUND);
    const further = { ...OFFSET, position: 20 };
    book.note(KEY, { ...FOUND, offset: further, peerRoot: '33'.repeat(16), byRealm: true });
    expect(cursor()).toEqual(further);
    await restart();
    expect(cursor()).toEqual(further);
    realmRoot = 2;
    expect(cursor()).toEqual(OFFSET);
    expect(book.isSettled(KEY, FOUND.ownRoot, '33'.repeat(16))).toBe(false);
    realmRoot = 1;
    expect(cursor()).toEqual(further);
    book.forgetByRealm();
    expect(cursor()).toEqual(OFFSET);
  });

  it('gives way to a comparison of all heads once a day', () => {
    book.note(KEY, FOUND);
    nowMs += DAY_MS - 1;
    book.note(KEY, { ...FOUND, offset: { ...OFFSET, position: 10 }, full: false });
    expect(cursor()?.position).toBe(10);
    nowMs += 2;
    expect(cursor()).toBeNull();
    book.note(KEY, { ...FOUND, full: true });
    expect(cursor()).toEqual(OFFSET);
    nowMs -= 2 * DAY_MS;
    expect(cursor()).toBeNull();
  });

  it('is how far signatures were checked, while the journal knows of it', async () => {
    for (let n = 0; n < 5; n++) store();
    book.noteAudit(CHANNEL, { through: 5, bad: [2] });
    expect(book.audited(CHANNEL)).toBeNull();
    await journal.commit();
    book.noteAudit(CHANNEL, { through: 5, bad: [2] });
    await restart();
    expect(book.audited(CHANNEL)).toEqual({ through: 5, bad: [2] });
    await restart();
    expect(book.audited(CHANNEL)).toEqual({ through: 5, bad: [2] });
    await book.close();
    await journal.stop();
    for (const name of await disk.list(DIRECTORY)) await disk.remove(`${DIRECTORY}/${name}`);
    await open();
    expect(book.audited(CHANNEL)).toBeNull();
  });

  it('is bounded: what was used longest ago goes', () => {
    const key = (n: number) => ({ ...KEY, storeId: n.toString(16).padStart(16, '0') });
    for (let n = 0; n < 1_030; n++) {
      book.note(key(n), FOUND);
      book.note(key(0), { ...FOUND, offset: { ...OFFSET, position: n } });
    }
    expect(book.cursor(key(0))?.position).toBe(1_029);
    expect(book.cursor(key(5))).toBeNull();
    expect(book.cursor(key(1_029))).toEqual(OFFSET);
  });

  it('is lost without harm where the disk takes nothing or the file is damaged', async () => {
    fail((path) => path.startsWith('/node'));
    book.note(KEY, FOUND);
    await book.save();
    expect(cursor()).toEqual(OFFSET);
    disk.onOperation = null;
    await book.save();
    await restart();
    expect(cursor()).toEqual(OFFSET);
    await book.close();
    await journal.stop();
    disk.flip('/node/sync-cursors', 30);
    await open();
    expect(cursor()).toBeNull();
  });

  it('writes nothing where nothing is new', async () => {
    book.note(KEY, FOUND);
    await book.save();
    const before = disk.file('/node/sync-cursors').size;
    for (let n = 0; n < 10; n++) {
      nowMs += 30_000;
      book.note(KEY, FOUND);
      await book.save();
    }
    expect(disk.file('/node/sync-cursors').size).toBe(before);
  });
});
