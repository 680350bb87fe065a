import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { MemoryDisk } from '../../../src/journal/index.ts';
import { makeJournal } from './journal-world.ts';
import { sampleAuthor, sampleEntry, sampleFacts, sampleLog } from './sample-entries.ts';

const RECORDS = 200_000;
const LOGS = 50;
const MIB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heldBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** In a function of its own, so that nothing of the first journal is held later. */
async function fill(disk: MemoryDisk): Promise<Uint8Array> {
  const { journal } = makeJournal(disk, { segmentBytes: 2 * MIB, cacheBytes: 0 });
  await journal.start();
  for (let row = 0; row < RECORDS; row++) {
    const seq = 1 + Math.floor(row / LOGS);
    journal.append(
      sampleEntry({ author: sampleAuthor(row % LOGS), seq, payloadBytes: 100 }),
      sampleFacts(row),
    );
    if (row % 5_000 === 0) await journal.commit();
  }
  await journal.stop();
  return journal.root();
}

describe('a journal of 200,000 records', () => {
  it('starts from its index files, with little memory, and reads anything without reading all', async () => {
    const disk = new MemoryDisk();
    const root = await fill(disk);
    const stored = disk.usedBytes;

    const before = heldBytes();
    const readBefore = disk.totals.readBytes;
    const { journal: again } = makeJournal(disk, { segmentBytes: 2 * MIB });
    const report = await again.start();
    const readAtStart = disk.totals.readBytes - readBefore;
    const memory = heldBytes() - before;

    expect(report).toMatchObject({ records: RECORDS, clean: true, scannedSegments: 0 });
    expect(again.root()).toEqual(root);
    expect(readAtStart).toBeLessThan(stored / 50);
    expect(memory).toBeLessThan(2 * MIB);

    const readBeforeLookup = disk.totals.readBytes;
    const [record] = await again.readLog(sampleLog(sampleAuthor(7)), 2_345, { recordsMax: 1 });
    expect(record).toMatchObject({ seq: 2_345, position: 2_344 * LOGS + 8 });
    const [arrived] = await again.readArrival(123_456, { recordsMax: 1 });
    expect(arrived?.position).toBe(123_456);
    expect(await again.positionAtTime(150_000)).toBe(150_001);
    expect(disk.totals.readBytes - readBeforeLookup).toBeLessThan(3 * MIB);
    await again.stop();
  });
});
