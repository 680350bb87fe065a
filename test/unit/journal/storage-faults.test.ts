import { describe, expect, it } from 'vitest';
import { isSedgeError } from '../../../src/errors/index.ts';
import { type ChannelJournal, diskError, MemoryDisk } from '../../../src/journal/index.ts';
import { DIRECTORY, filesOf, makeJournal, other, self } from './journal-world.ts';
import { sampleEntry, sampleFacts, sampleLog } from './sample-entries.ts';

const LOG = sampleLog(other);

async function journalWith(disk: MemoryDisk, entries: number, options = {}) {
  const made = makeJournal(disk, { segmentBytes: 4_000, cacheBytes: 0, ...options });
  await made.journal.start();
  for (let seq = 1; seq <= entries; seq++) {
    made.journal.append(sampleEntry({ author: other, seq, payloadBytes: 100 }), sampleFacts());
  }
  await made.journal.commit();
  return made;
}

const seqsOf = async (journal: ChannelJournal) =>
  (await journal.readLog(LOG, 1, { bytesMax: 1e9, recordsMax: 1e9 })).map(({ seq }) => seq);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('a torn tail', () => {
  it('is cut at the last whole record, and the space is written again', async () => {
    const disk = new MemoryDisk();
    await journalWith(disk, 5);
    const [file] = await filesOf(disk, '.segment');
    const path = `${DIRECTORY}/${file}`;
    const size = disk.file(path).size;
    disk.file(path).truncate(size - 20);
    const after = disk.crash({ keepUnsynced: 'all' });
    const { journal, counters } = makeJournal(after, { segmentBytes: 4_000 });
    const report = await journal.start();
    expect(report).toMatchObject({ records: 4, clean: false, quarantinedSegments: 0, heldSetShrank: true });
    expect(report.cutBytes).toBeGreaterThan(20);
    expect(after.file(path).size).toBe(size - 20 - report.cutBytes);
    expect(counters.get('journal.segment-corrupt')).toBe(0);
    journal.append(sampleEntry({ author: other, seq: 5, payloadBytes: 100 }), sampleFacts());
    await journal.commit();
    expect(await seqsOf(journal)).toEqual([1, 2, 3, 4, 5]);
    await journal.stop();
  });

  it('of a file that holds nothing else removes the file', async () => {
    const disk = new MemoryDisk();
    const { journal } = await journalWith(disk, 1);
    const [file] = await filesOf(disk, '.segment');
    disk.file(`${DIRECTORY}/${file}`).truncate(50);
    const after = disk.crash({ keepUnsynced: 'all' });
    await journal.stop();
    const { journal: again } = makeJournal(after);
    expect(await again.start()).toMatchObject({ records: 0, cutBytes: 50 });
    expect(await filesOf(after, '.segment')).toEqual([]);
    await again.stop();
  });
});

describe('a flipped bit', () => {
  it('in the middle of an unsealed segment costs that record alone', async () => {
    const disk = new MemoryDisk();
    await journalWith(disk, 9);
    const [file] = await filesOf(disk, '.segment');
    disk.flip(`${DIRECTORY}/${file}`, 700);
    const after = disk.crash({ keepUnsynced: 'all' });
    const { journal, counters } = makeJournal(after, { segmentBytes: 4_000 });
    expect(await journal.start()).toMatchObject({
      records: 8,
      cutBytes: 0,
      quarantinedSegments: 1,
      heldSetShrank: true,
    });
    expect(counters.get('journal.segment-corrupt')).toBe(1);
    expect(await filesOf(after, '.damaged')).toHaveLength(1);
    expect(journal.missing(LOG)).toHaveLength(1);
    const [{ first } = { first: 0 }] = journal.missing(LOG);
    expect(await seqsOf(journal)).toEqual(range(1, 9).filter((seq) => seq !== first));
    // What is fetched again goes into a segment of its own.
    journal.append(sampleEntry({ author: other, seq: first, payloadBytes: 100 }), sampleFacts());
    await journal.commit();
    expect(await seqsOf(journal)).toEqual(range(1, 9));
    await journal.stop();
  });

  it('in every single byte of a segment never costs more than one record, and never the start', async () => {
    const disk = new MemoryDisk();
    const { journal } = await journalWith(disk, 3);
    const whole = disk.crash({ keepUnsynced: 'all' });
    await journal.stop();
    const [file] = await filesOf(whole, '.segment');
    const path = `${DIRECTORY}/${file}`;
    for (let at = 0; at < whole.file(path).size; at++) {
      const copy = whole.clone();
      copy.flip(path, at, 1 << (at % 8));
      const { journal: again } = makeJournal(copy);
      const report = await again.start();
      if (report.records < 2) throw new Error(`a flip at ${at} left ${report.records} records`);
      await again.stop();
    }
  });

  it('in the last record after a clean stop is damage, not a torn tail', async () => {
    const disk = new MemoryDisk();
    const { journal } = await journalWith(disk, 3);
    await journal.stop();
    const [file] = await filesOf(disk, '.segment');
    const path = `${DIRECTORY}/${file}`;
    disk.flip(path, disk.file(path).size - 10);
    const { journal: again, counters } = makeJournal(disk);
    expect(await again.start()).toMatchObject({ records: 2, cutBytes: 0, quarantinedSegments: 1 });
    expect(counters.get('journal.segment-corrupt')).toBe(1);
    expect(again.append(sampleEntry({ author: other, seq: 9 }), sampleFacts()).position).toBe(4);
    await again.stop();
  });

  it('met while serving is set aside, and the rest is served', async () => {
    const disk = new MemoryDisk();
    const { journal, counters } = await journalWith(disk, 60);
    const [first] = await filesOf(disk, '.segment');
    disk.flip(`${DIRECTORY}/${first}`, 1_000);
    const seqs = await seqsOf(journal);
    expect(seqs).toHaveLength(59);
    expect(journal.missing(LOG)).toHaveLength(1);
    expect(journal.shrinks).toBe(1);
    expect(counters.get('journal.segment-corrupt')).toBe(1);
    expect((await journal.readArrival(1)).map(({ seq }) => seq)).toEqual(seqs);
    const root = journal.root();
    await journal.stop();
    const { journal: again } = makeJournal(disk);
    expect(await again.start()).toMatchObject({ records: 59, heldSetShrank: false });
    expect(again.root()).toEqual(root);
    await again.stop();
  });

  it('met while serving from the segment that is written to is set aside too', async () => {
    const disk = new MemoryDisk();
    const { journal } = await journalWith(disk, 6);
    const [first] = await filesOf(disk, '.segment');
    disk.flip(`${DIRECTORY}/${first}`, 500);
    expect(await seqsOf(journal)).toHaveLength(5);
    journal.append(sampleEntry({ author: other, seq: 7 }), sampleFacts());
    await journal.commit();
    expect(await seqsOf(journal)).toHaveLength(6);
    await journal.stop();
  });
});

describe('an index file', () => {
  it.each(['lost', 'damaged in its summary', 'damaged in its rows', 'of another segment', 'cut short'])(
    '%s is made anew from its segment',
    async (how) => {
      const disk = new MemoryDisk();
      const { journal } = await journalWith(disk, 60);
      await journal.stop();
      const [first, second] = await filesOf(disk, '.index');
      const path = `${DIRECTORY}/${first}`;
      if (how === 'lost') await disk.remove(path);
      if (how === 'damaged in its summary') disk.flip(path, 100);
      if (how === 'damaged in its rows') disk.flip(path, disk.file(path).size - 30);
      if (how === 'cut short') disk.file(path).truncate(150);
      if (how === 'of another segment') {
        disk.file(path).truncate(0);
        disk.file(path).write(disk.file(`${DIRECTORY}/${second}`).contents(), 0);
      }
      const { journal: again, counters } = makeJournal(disk);
      const report = await again.start();
      expect(report).toMatchObject({
        records: 60,
        clean: true,
        heldSetShrank: false,
        quarantinedSegments: 0,
      });
      expect(await seqsOf(again)).toEqual(range(1, 60));
      expect(counters.get('journal.segment-corrupt')).toBe(0);
      expect(again.shrinks).toBe(0);
      await again.stop();
    },
  );

  it('without its segment tells that something was lost', async () => {
    const disk = new MemoryDisk();
    const { journal } = await journalWith(disk, 60);
    await journal.stop();
    const [first] = await filesOf(disk, '.segment');
    await disk.remove(`${DIRECTORY}/${first}`);
    const { journal: again } = makeJournal(disk);
    expect(await again.start()).toMatchObject({ heldSetShrank: true });
    expect(await filesOf(disk, '.index')).not.toContain(first?.replace('segment', 'index'));
    await again.stop();
  });
});

describe('a full disk', () => {
  it('is told to who waits, refuses more, keeps what it had, and goes on by itself', async () => {
    const disk = new MemoryDisk();
    const { journal, counters } = await journalWith(disk, 3);
    disk.capacityBytes = disk.usedBytes + 50;
    const { position } = journal.append(
      sampleEntry({ author: other, seq: 4, payloadBytes: 100 }),
      sampleFacts(),
    );
    await expect(journal.whenDurable(position)).rejects.toSatisfy((error) =>
      isSedgeError(error, 'journal.disk-full'),
    );
    expect(journal.fault?.code).toBe('journal.disk-full');
    expect(counters.get('journal.disk-full')).toBe(1);
    expect(() => journal.append(sampleEntry({ author: other, seq: 5 }), sampleFacts())).toThrow(
      /disk is full/,
    );
    expect(await seqsOf(journal)).toEqual([1, 2, 3, 4]);
    expect(journal.durablePosition).toBe(3);
    await expect(journal.commit()).rejects.toThrow(/disk is full/);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    await journal.whenDurable(position);
    expect(journal.fault).toBeNull();
    journal.append(sampleEntry({ author: other, seq: 5 }), sampleFacts());
    await journal.commit();
    await journal.stop();
    const { journal: again } = makeJournal(disk);
    expect(await again.start()).toMatchObject({ records: 5, clean: true, quarantinedSegments: 0 });
    await again.stop();
  });

  it('does not keep the journal from starting', async () => {
    const disk = new MemoryDisk();
    const { journal } = await journalWith(disk, 3);
    await journal.stop();
    disk.capacityBytes = 0;
    const { journal: again } = makeJournal(disk);
    expect(await again.start()).toMatchObject({ records: 3 });
    expect(await seqsOf(again)).toEqual([1, 2, 3]);
    expect(() => again.append(sampleEntry({ author: other, seq: 4 }), sampleFacts())).toThrow(/disk is full/);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    await again.commit();
    again.append(sampleEntry({ author: other, seq: 4 }), sampleFacts());
    await again.stop();
  });

  it('while a segment is sealed loses nothing', async () => {
    const disk = new MemoryDisk();
    const { journal } = await journalWith(disk, 20);
    disk.onOperation = ({ kind, path }) => {
      if (kind === 'write' && path.endsWith('.index')) throw diskError('ENOSPC', path);
    };
    for (let seq = 21; seq <= 40; seq++) {
      journal.append(sampleEntry({ author: other, seq, payloadBytes: 100 }), sampleFacts());
    }
    await expect(journal.commit()).rejects.toThrow(/disk is full/);
    disk.onOperation = null;
    await journal.commit();
    expect(await seqsOf(journal)).toEqual(range(1, 40));
    await journal.stop();
  });
});

describe('a failing disk', () => {
  it('has everything since the last good sync written again after a failed sync', async () => {
    const disk = new MemoryDisk();
    const { journal } = await journalWith(disk, 2);
    let failures = 1;
    let writes = 0;
    disk.onOperation = ({ kind, path }) => {
      if (kind === 'write' && path.endsWith('.segment')) writes++;
      if (kind === 'sync' && path.endsWith('.segment') && failures-- > 0) throw diskError('EIO', path);
    };
    const { position } = journal.append(sampleEntry({ author: other, seq: 3 }), sampleFacts());
    await expect(journal.whenDurable(position)).rejects.toMatchObject({ code: 'journal.io-failed' });
    await journal.commit();
    expect(writes).toBe(2);
    await journal.stop();
    const { journal: again } = makeJournal(disk);
    expect(await again.start()).toMatchObject({ records: 3, quarantinedSegments: 0 });
    await again.stop();
  });

  it('that cannot read a page counts the records there as not held, and recovers them when it can', async () => {
    const disk = new MemoryDisk();
    const { journal, counters } = await journalWith(disk, 60);
    const [first] = await filesOf(disk, '.segment');
    disk.onOperation = ({ kind, path, position }) => {
      if (kind === 'read' && path.endsWith(first!) && position! < 4_096) throw diskError('EIO', path);
    };
    const seqs = await seqsOf(journal);
    expect(seqs.length).toBeGreaterThan(30);
    expect(seqs.length).toBeLessThan(60);
    expect(counters.get('journal.io-failed')).toBeGreaterThan(0);
    await journal.stop();
    disk.onOperation = null;
    const { journal: again } = makeJournal(disk);
    expect(await again.start()).toMatchObject({ records: 60 });
    expect(await seqsOf(again)).toEqual(range(1, 60));
    await again.stop();
  });
});

describe('a directory that is not as expected', () => {
  it('of a newer version is refused with journal.version and left alone', async () => {
    const disk = new MemoryDisk();
    const { journal } = await journalWith(disk, 1);
    await journal.stop();
    const { crc32c } = await import('../../../src/bytes/index.ts');
    const [file] = await filesOf(disk, '.segment');
    const bytes = Buffer.from(disk.file(`${DIRECTORY}/${file}`).contents());
    const end = bytes.readUInt16BE(10);
    bytes.writeUInt16BE(2, 8);
    bytes.writeUInt32BE(crc32c(bytes.subarray(0, end - 4)), end - 4);
    disk.file(`${DIRECTORY}/${file}`).write(bytes, 0);
    await expect(makeJournal(disk).journal.start()).rejects.toMatchObject({ code: 'journal.version' });
    expect(Buffer.from(disk.file(`${DIRECTORY}/${file}`).contents()).equals(bytes)).toBe(true);
  });

  it('without a state file begins a new incarnation and keeps all records', async () => {
    const disk = new MemoryDisk();
    const { journal } = await journalWith(disk, 60);
    const offset = journal.offsetText(60);
    await journal.stop();
    await disk.remove(`${DIRECTORY}/state`);
    const { journal: again } = makeJournal(disk);
    expect(await again.start()).toMatchObject({ records: 60, clean: false });
    expect(again.resolveOffset(offset)).toMatchObject({ ok: false, code: 'journal.offset-unknown' });
    expect(again.append(sampleEntry({ author: other, seq: 61 }), sampleFacts()).position).toBe(61);
    await again.stop();
  });

  it('with a segment of another channel sets that aside', async () => {
    const disk = new MemoryDisk();
    const { journal } = await journalWith(disk, 3, { channel: 'main' });
    await journal.stop();
    const { journal: wrong } = makeJournal(disk, { channel: 'alarm' });
    expect(await wrong.start()).toMatchObject({ records: 0, quarantinedSegments: 1 });
    expect(await filesOf(disk, '.damaged')).toHaveLength(1);
    await wrong.stop();
  });
});

describe('a payload that holds the image of a record', () => {
  it('is never taken for one, even when the record around it is damaged', async () => {
    const disk = new MemoryDisk();
    const { journal } = await journalWith(disk, 1);
    const [file] = await filesOf(disk, '.segment');
    await journal.stop();
    // An attacker knows the format but not the store's secret: here he guesses 0.
    const { encodeRecordHeader } = await import('../../../src/journal/journal-record.ts');
    const forged = sampleEntry({ author: self, seq: 1_000 });
    const image = Buffer.concat([encodeRecordHeader(forged.bytes, 9, sampleFacts(), 0), forged.bytes]);
    const { journal: again } = makeJournal(disk);
    await again.start();
    const carrier = sampleEntry({ author: other, seq: 2 });
    const bytes = Buffer.concat([carrier.bytes, image]);
    again.append({ ...carrier, bytes }, sampleFacts());
    again.append(sampleEntry({ author: other, seq: 3 }), sampleFacts());
    await again.stop();
    disk.flip(`${DIRECTORY}/${file}`, disk.file(`${DIRECTORY}/${file}`).size - 340);
    const { journal: last } = makeJournal(disk);
    await last.start();
    expect([...last.heads()].map(({ author }) => author)).not.toContain(self);
    await last.stop();
  });
});
