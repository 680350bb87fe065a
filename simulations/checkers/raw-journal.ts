import type { MemoryDisk } from '../../src/index.ts';
import { readRawCbor } from './raw-cbor.ts';
import { ENTRY_TEMPLATE, type RawEntry, type RawEntryReader } from './raw-entry.ts';

/** First and last number of each range. */
export type RawRanges = readonly (readonly [number, number])[];

/** What lies on a node's disk, read by the pages of the formats. */
export interface RawDisk {
  /** Every entry with a good signature, once. */
  readonly entries: ReadonlySet<RawEntry>;
  /** Those that this store wrote itself, under its key. */
  readonly own: ReadonlySet<RawEntry>;
  /** Numbers that retention let go, by log (`logKey`). */
  readonly letGo: ReadonlyMap<string, RawRanges>;
  /** Bytes of all files, and of the entries' records. */
  readonly bytes: number;
  readonly recordBytes: number;
}

/** Name of a log among all channels. `author` is a public key, hexadecimal. */
export function logKey(log: {
  readonly channel: string;
  readonly author: string;
  readonly epoch: string;
}): string {
  return `${log.channel} ${log.author} ${log.epoch}`;
}

/** Facts before an entry in a segment. */
const RECORD_HEAD_BYTES = 28;
/** Magic, version, zero, length before the body of a small file. */
const SMALL_FILE_HEAD_BYTES = 16;

/** Reads a disk; changes nothing on it. */
export async function readRawDisk(disk: MemoryDisk, reader: RawEntryReader): Promise<RawDisk> {
  const entries = new Set<RawEntry>();
  const own = new Set<RawEntry>();
  const letGo = new Map<string, RawRanges>();
  let recordBytes = 0;
  for (const directory of await directoriesOf(disk, '/node')) {
    const names = await disk.list(directory);
    let channel: string | null = null;
    for (const name of names.filter((text) => text.endsWith('.segment'))) {
      const bytes = disk.file(`${directory}/${name}`).contents();
      channel ??= channelOf(bytes);
      for (const record of recordsIn(bytes)) {
        recordBytes += record.length + RECORD_HEAD_BYTES;
        const entry = reader.read(record);
        if (entry === null) continue;
        entries.add(entry);
        if (name.startsWith('own-')) own.add(entry);
      }
    }
    if (channel !== null && names.includes('let-go')) {
      for (const [log, numbers] of letGoIn(disk.file(`${directory}/let-go`).contents(), channel))
        letGo.set(log, numbers);
    }
  }
  return { entries, own, letGo, bytes: disk.usedBytes, recordBytes };
}

async function directoriesOf(disk: MemoryDisk, top: string): Promise<string[]> {
  const found = [top];
  for (const name of await disk.list(top)) {
    if (!name.includes('.') && (await disk.list(`${top}/${name}`)).length > 0)
      found.push(...(await directoriesOf(disk, `${top}/${name}`)));
  }
  return found;
}

function channelOf(segment: Uint8Array): string | null {
  if (segment.length < 32) return null;
  return Buffer.from(segment.subarray(32, 32 + segment[13]!)).toString('utf8');
}

/** The entries of a segment; what is damaged is passed over up to the next thing that begins like an entry. */
function* recordsIn(segment: Uint8Array): IterableIterator<Uint8Array> {
  if (segment.length < 32) return;
  const bytes = Buffer.from(segment.buffer, segment.byteOffset, segment.byteLength);
  let at = bytes.readUInt16BE(10);
  while (at + RECORD_HEAD_BYTES < bytes.length) {
    const length = bytes.readUInt32BE(at + 2);
    const begin = at + RECORD_HEAD_BYTES;
    const isEntry =
      bytes.compare(ENTRY_TEMPLATE, 0, ENTRY_TEMPLATE.length, begin, begin + ENTRY_TEMPLATE.length) === 0;
    if (isEntry && begin + length <= bytes.length) {
      yield bytes.subarray(begin, begin + length);
      at = begin + length;
      continue;
    }
    const next = bytes.indexOf(ENTRY_TEMPLATE, begin + 1);
    if (next < 0) return;
    at = next - RECORD_HEAD_BYTES;
  }
}

function letGoIn(file: Uint8Array, channel: string): [string, RawRanges][] {
  const body = readRawCbor(file.subarray(SMALL_FILE_HEAD_BYTES, file.length - 4)) as (
    | number
    | Uint8Array
  )[][];
  return body.map(([log, ...bounds]) => {
    const key = Buffer.from(log as Uint8Array).toString('hex');
    const pairs = bounds as number[];
    const ranges = pairs.flatMap((first, at) => (at % 2 === 0 ? [[first, pairs[at + 1]!] as const] : []));
    return [logKey({ channel, author: key.slice(0, 64), epoch: key.slice(64) }), ranges];
  });
}

/** True if one of the ranges has the number. */
export function covers(ranges: RawRanges | undefined, number: number): boolean {
  return ranges?.some(([first, last]) => first <= number && number <= last) ?? false;
}
