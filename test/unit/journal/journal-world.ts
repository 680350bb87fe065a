import { Counters, silentLog } from '../../../src/errors/index.ts';
import { ChannelJournal, type JournalOptions, type MemoryDisk, OwnLog } from '../../../src/journal/index.ts';
import { CHANNEL, decodeSample, sampleAuthor } from './sample-entries.ts';

export const self = sampleAuthor(0);
export const other = sampleAuthor(1);
export const DIRECTORY = '/journal';

/** A number generator that follows from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A journal on a disk in memory, with its counters. */
export function makeJournal(
  disk: MemoryDisk,
  options: Partial<JournalOptions> & { readonly random?: () => number } = {},
): { journal: ChannelJournal; counters: Counters } {
  const { random = Math.random, ...rest } = options;
  const counters = new Counters();
  const journal = new ChannelJournal(
    { directory: DIRECTORY, channel: CHANNEL, self, ...rest },
    {
      disk,
      nowMs: () => 0,
      randomBytes: (n) => Uint8Array.from({ length: n }, () => Math.floor(random() * 256)),
      decode: decodeSample,
      log: silentLog,
      counters,
    },
  );
  return { journal, counters };
}

/** The own log of a journal. */
export function makeOwnLog(
  disk: MemoryDisk,
  journal: ChannelJournal,
  random = Math.random,
  block = 256,
): OwnLog {
  const randomBytes = (n: number) => Uint8Array.from({ length: n }, () => Math.floor(random() * 256));
  return new OwnLog({ self, block }, { disk, journal, randomBytes, log: silentLog });
}

/** Names in the journal's directory. */
export async function filesOf(disk: MemoryDisk, ending: string): Promise<string[]> {
  return (await disk.list(DIRECTORY)).filter((name) => name.endsWith(ending)).sort();
}
