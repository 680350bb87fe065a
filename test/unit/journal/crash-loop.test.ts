import { describe, expect, it } from 'vitest';
import { equalBytes, sha256Hex16 } from '../../../src/bytes/index.ts';
import { lastSeqOf, logIdOf } from '../../../src/entry/index.ts';
import { formatOffset, type KeepUnsynced, MemoryDisk, type StoredEntry } from '../../../src/journal/index.ts';
import { makeJournal, makeOwnLog, other, seededRandom, self } from './journal-world.ts';
import { sampleEntry, sampleFacts } from './sample-entries.ts';

const LIVES = 6;
/** SEDGE_SEEDS=1000 tries more. */
const SEEDS = Number(process.env.SEDGE_SEEDS ?? 40);

/** What the test knows of a journal through all its lives. */
class History {
  /** Bytes by position, of entries that were reported durable. */
  readonly durable = new Map<number, Uint8Array>();
  /** Every offset ever given, with what it stood for. */
  readonly offsets = new Map<string, string>();
  /** Every own number ever given. */
  readonly ownNumbers = new Set<string>();
  lamport = 0;

  give(offset: string, stored: StoredEntry): void {
    if (this.offsets.has(offset)) throw new Error(`offset ${offset} was given before`);
    this.offsets.set(offset, stored.entry.id);
  }
}

async function live(disk: MemoryDisk, history: History, random: () => number) {
  const { journal } = makeJournal(disk, { segmentBytes: 3_000, cacheBytes: 500, random });
  const below = <T>(promise: Promise<T>) => promise.catch(() => null);
  if ((await below(journal.start())) === null || disk.dead) return journal;
  await checkDurable(journal, history);
  const own = makeOwnLog(disk, journal, random, 8);
  const place = await below(own.open());
  const pending: Promise<void>[] = [];
  for (let step = 0; step < 30 && !disk.dead; step++) {
    const stored = appendOne({ journal, own: place === null ? null : own, history, random });
    if (stored === 'refused') break;
    if (stored === null) {
      await below(own.ensureReserved(3));
      continue;
    }
    history.give(formatOffset(journal.currentOffset()!), stored);
    const noted = journal.whenDurable(stored.position).then(() => {
      history.durable.set(stored.position, stored.entry.bytes);
    });
    pending.push(noted.catch(() => {}));
    if (random() < 0.3) await below(journal.commit());
  }
  if (random() < 0.3) {
    await own.close();
    await journal.stop();
  } else {
    await Promise.race([Promise.all(pending), new Promise((resolve) => setImmediate(resolve))]);
  }
  return journal;
}

function appendOne(world: {
  journal: ReturnType<typeof makeJournal>['journal'];
  own: ReturnType<typeof makeOwnLog> | null;
  history: History;
  random: () => number;
}): StoredEntry | 'refused' | null {
  const { journal, own, history, random } = world;
  try {
    if (own === null || random() < 0.4) {
      const seq = 1 + Math.floor(random() * 400);
      const log = logIdOf({ author: other, epoch: sampleEntry({ author: other, seq: 1 }).epoch });
      if (journal.holds(log, seq, seq) !== 'none') return null;
      return journal.append(
        sampleEntry({ author: other, seq, payloadBytes: Math.floor(random() * 200) }),
        sampleFacts(),
      );
    }
    if (journal.fault !== null) return 'refused';
    const taken = own.take(1 + Math.floor(random() * 3));
    if (taken === null) return null;
    for (let seq = taken.seq; seq < taken.seq + taken.count; seq++) {
      const number = `${own.epoch}/${seq}`;
      if (history.ownNumbers.has(number)) throw new Error(`own number ${number} was given before`);
      history.ownNumbers.add(number);
    }
    expect(taken.lamport).toBeGreaterThan(history.lamport);
    history.lamport = taken.lamport;
    expect(taken.skip).toBeLessThan(taken.seq);
    const entry = sampleEntry({
      author: self,
      ...taken,
      payloadBytes: Math.floor(random() * 100),
    });
    return journal.append(entry, { ...sampleFacts(), source: 'own' });
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('journal.') === true) return 'refused';
    throw error;
  }
}

/** Plain comparisons, as there are some hundred thousand of them. */
async function checkDurable(journal: ReturnType<typeof makeJournal>['journal'], history: History) {
  const records = await journal.readArrival(1, { bytesMax: 1e9, recordsMax: 1e9 });
  expect(journal.totals().entries).toBe(records.length);
  const byPosition = new Map(records.map((record) => [record.position, record]));
  for (const [position, bytes] of history.durable) {
    const record = byPosition.get(position);
    if (record === undefined) throw new Error(`position ${position} was durable and is gone`);
    if (!equalBytes(record.bytes, bytes)) throw new Error(`position ${position} holds something else`);
  }
  for (const record of records) {
    const { log, seq, position, bytes } = record;
    if (journal.holds(log, seq, lastSeqOf(record)) !== 'all') throw new Error(`${log} ${seq} is not indexed`);
    const offset = journal.offsetText(position);
    if (history.offsets.get(offset) !== sha256Hex16(bytes))
      throw new Error(`${offset} stood for another entry`);
    const resolved = journal.resolveOffset(offset);
    if (!resolved.ok || resolved.value.position !== position) throw new Error(`${offset} is unknown`);
  }
}

describe('a crash at any moment', () => {
  it.each<KeepUnsynced>(['none', 'all', 'random'])(
    'loses nothing durable and repeats no number and no offset when of unsynced writes survive: %s',
    async (keepUnsynced) => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const random = seededRandom(seed * 31 + keepUnsynced.length);
        const history = new History();
        let disk = new MemoryDisk();
        try {
          for (let life = 0; life < LIVES; life++) {
            disk.dieAfter(1 + Math.floor(random() * 60));
            const journal = await live(disk, history, random);
            disk = disk.crash({ keepUnsynced, random });
            // On the dead disk this changes nothing; it ends timers.
            await journal.stop();
          }
          const { journal } = makeJournal(disk, { random });
          await journal.start();
          await checkDurable(journal, history);
          await journal.stop();
        } catch (error) {
          throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
        }
      }
    },
  );
});
