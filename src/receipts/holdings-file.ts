import { cborUint, fromHex, toHex } from '../bytes/index.ts';
import { type EpochId, type LogId, splitLogId } from '../entry/index.ts';
import { type NodeId, nodeIdOf, publicKeyOf } from '../identity/index.ts';
import { CursorFile, type Disk, type SeqRange } from '../journal/index.ts';
import type { HoldingSource, InSyncAt, PeerHoldings } from './peer-holdings.ts';
import { HELD_RANGES_MAX } from './receipt-frames.ts';

/** Peers and logs of each that are kept over a stop: those heard of last. */
const PEERS_KEPT = 64;
const LOGS_KEPT = 256;
/** In the order of their numbers in the file. */
const SOURCES: readonly HoldingSource[] = ['receipt', 'heads', 'in-sync', 'bundle'];

/**
 * Keeps what peers are known to hold over a stop, in the file `peer-holdings` of a node's directory (README.md: format).
 * It is written at a clean stop and emptied at the start: after a crash positions may mean other entries, and nothing
 * is known then, which is on the safe side.
 */
export class HoldingsFile {
  readonly #file: CursorFile;
  #loaded = false;

  constructor(disk: Disk, directory: string) {
    this.#file = new CursorFile(disk, { directory, name: 'peer-holdings' });
  }

  /** Reads what the last stop kept, and takes it off the disk. */
  async load(into: PeerHoldings): Promise<void> {
    const rows = await this.#file.load();
    if (rows.length > 0) await this.#file.rewrite([]);
    for (const row of rows) readRow(row, into);
    this.#loaded = true;
  }

  /** Keeps what is known now, and closes the file; nothing where it was never read. */
  async save(holdings: PeerHoldings): Promise<void> {
    if (!this.#loaded) return;
    const peers = [...holdings.peers()].slice(-PEERS_KEPT);
    try {
      await this.#file.rewrite(peers.flatMap((peer) => rowsOf(peer, holdings)));
    } finally {
      await this.#file.close();
    }
  }
}

/** One row, or none of a peer that was not met. */
function rowsOf(peer: NodeId, holdings: PeerHoldings): unknown[] {
  const storeId = holdings.storeOf(peer);
  if (storeId === null) return [];
  const inSync = [...holdings.inSyncOf(peer)].map(([channel, { root, position, asOfMs }]) => [
    channel,
    fromHex(root),
    cborUint(position),
    cborUint(asOfMs),
  ]);
  const logs = [...holdings.allLogsOf(peer)]
    .slice(-LOGS_KEPT)
    .map(([{ channel, log }, { ranges, asOfMs, source }]) => {
      const { author, epoch } = splitLogId(log);
      const numbers = ranges
        .slice(-HELD_RANGES_MAX)
        .flatMap(({ first, last }) => [cborUint(first), cborUint(last)]);
      return [
        channel,
        publicKeyOf(author),
        fromHex(epoch),
        cborUint(asOfMs),
        SOURCES.indexOf(source),
        numbers,
      ];
    });
  return [[publicKeyOf(peer), fromHex(storeId), inSync, logs]];
}

/** Takes a row in as far as it has the right shape: the file is the node's own, so no more is needed. */
function readRow(row: unknown, into: PeerHoldings): void {
  if (!Array.isArray(row)) return;
  const [key, storeId, inSync, logs] = row as unknown[];
  if (!isBytes(key, 32) || !isBytes(storeId, 8) || !Array.isArray(inSync) || !Array.isArray(logs)) return;
  const peer = nodeIdOf(key);
  into.noteStore(peer, toHex(storeId));
  for (const item of inSync) {
    const read = readInSync(item);
    if (read !== null) into.noteInSync(peer, read.channel, read.at);
  }
  for (const item of logs) readLog(item, peer, into);
}

function readInSync(item: unknown): { readonly channel: string; readonly at: InSyncAt } | null {
  if (!Array.isArray(item)) return null;
  const [channel, root, position, asOfMs] = item as unknown[];
  if (typeof channel !== 'string' || !isBytes(root, 16)) return null;
  if (typeof position !== 'number' || typeof asOfMs !== 'number') return null;
  return { channel, at: { root: toHex(root), position, asOfMs } };
}

function readLog(item: unknown, peer: NodeId, into: PeerHoldings): void {
  if (!Array.isArray(item)) return;
  const [channel, author, epoch, asOfMs, source, numbers] = item as unknown[];
  const named = typeof source === 'number' ? SOURCES[source] : undefined;
  if (typeof channel !== 'string' || !isBytes(author, 32) || !isBytes(epoch, 8) || named === undefined)
    return;
  if (typeof asOfMs !== 'number' || !Array.isArray(numbers)) return;
  const log = `${nodeIdOf(author)}/${toHex(epoch) as EpochId}` as LogId;
  into.note(peer, { channel, log }, { ranges: rangesOf(numbers), asOfMs, source: named });
}

function rangesOf(numbers: readonly unknown[]): SeqRange[] {
  const ranges: SeqRange[] = [];
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    const [first, last] = [numbers[index], numbers[index + 1]];
    if (typeof first === 'number' && typeof last === 'number') ranges.push({ first, last });
  }
  return ranges;
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}
