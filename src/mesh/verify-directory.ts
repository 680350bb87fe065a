import {
  decodeEntry,
  type Entry,
  type EntryId,
  type EpochId,
  lastSeqOf,
  logIdOf,
  verifyEntry,
} from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';
import { type Disk, NodeDisk, verifyJournalDirectory } from '../journal/index.ts';
import { Realm, readRealmDirectory } from '../realm/index.ts';

/** What was found of one log, or of the damage in one channel's journal. */
export interface LogVerification {
  readonly channel: string;
  /** The empty string for damage that belongs to no log any more. */
  readonly author: NodeId | '';
  readonly name: string;
  readonly epoch: EpochId | '';
  /** Lowest and highest number held; 0 for damage. */
  readonly first: number;
  readonly last: number;
  readonly entries: number;
  readonly messages: number;
  /** Numbers that lie between and are not held. */
  readonly missing: number;
  readonly badSignatures: number;
  /** Entries whose `prev` is not the id of the entry that ends just before them. */
  readonly brokenChain: number;
  /** Authors without a valid grant: their entries should not be here. */
  readonly notGranted: boolean;
  /** Stretches of damaged bytes. */
  readonly damaged: number;
  /** Where the first of them lie, 16 at most. */
  readonly damage: readonly DamagedPlace[];
  readonly ok: boolean;
}

/** Bytes of a file that are no whole record. */
export interface DamagedPlace {
  /** Within the node's directory. */
  readonly file: string;
  /** First byte, and the one after the last; both 0 where a whole file is meant. */
  readonly from: number;
  readonly to: number;
}

const DAMAGE_LISTED_MAX = 16;

interface Tally {
  channel: string;
  author: NodeId;
  epoch: EpochId;
  entries: number;
  messages: number;
  badSignatures: number;
  /** Id and `prev` of each entry by its first number; small beside the entries themselves. */
  links: Map<
    number,
    { readonly id: EntryId; readonly prev: EntryId | null; readonly last: number; readonly skip: number }
  >;
}

/**
 * Checks a node's journals offline: every record's checksum, every signature, every chain. Changes nothing and
 * may run beside an agent. Yields a row for each log as each channel is done, and one for damage that belongs to
 * no log. Throws `realm.missing`, `realm.damaged`, `journal.version`.
 */
export async function* verifyDirectory(
  directory: string,
  disk: Disk = new NodeDisk(),
): AsyncGenerator<LogVerification> {
  const { anchor, chain, record } = await readRealmDirectory(directory);
  const realm = new Realm(anchor);
  realm.offerGrantChain(chain);
  if (record !== null) realm.offerRecord(record);
  const channels: ChannelTally[] = [];
  for (const name of (await disk.list(`${directory}/journal`)).sort()) {
    channels.push(await readChannel(disk, { directory, journal: `journal/${name}` }, realm));
  }
  // Names and grants are known only when `$realm` was read, wherever it came in the order.
  for (const { tallies, damage } of channels) {
    for (const tally of tallies) yield verificationOf(tally, realm);
    if (damage.length > 0) yield damageOf(tallies[0]?.channel ?? '', damage);
  }
}

interface ChannelTally {
  readonly tallies: readonly Tally[];
  readonly damage: readonly DamagedPlace[];
}

async function readChannel(
  disk: Disk,
  { directory, journal }: { readonly directory: string; readonly journal: string },
  realm: Realm,
): Promise<ChannelTally> {
  const tallies = new Map<string, Tally>();
  const damage: DamagedPlace[] = [];
  for await (const item of verifyJournalDirectory(disk, `${directory}/${journal}`)) {
    const file = `${journal}/${item.file}`;
    if (item.kind === 'damaged') {
      // A write that a crash interrupted is cut at the next start and was never acknowledged.
      if (!item.atEnd) damage.push({ file, from: item.from, to: item.to });
    } else if (item.kind !== 'record') {
      damage.push({ file, from: 0, to: 0 });
    } else {
      const entry = decodeEntry(item.bytes);
      if (!entry.ok) damage.push({ file, from: 0, to: 0 });
      else addTo(tallies, entry.value, realm);
    }
  }
  return { tallies: [...tallies.values()], damage };
}

function addTo(tallies: Map<string, Tally>, entry: Entry, realm: Realm): void {
  const { channel, author, epoch, seq, id, prev, skip } = entry;
  const tally = tallies.get(logIdOf(entry)) ?? {
    channel,
    author,
    epoch,
    entries: 0,
    messages: 0,
    badSignatures: 0,
    links: new Map(),
  };
  tallies.set(logIdOf(entry), tally);
  tally.entries++;
  tally.messages += entry.count;
  if (!verifyEntry(entry.bytes, realm.entryAad()).ok) tally.badSignatures++;
  else for (const { topic, payload } of realmMessages(entry)) realm.offer(topic, payload);
  tally.links.set(seq, { id, prev, last: lastSeqOf(entry), skip });
}

function realmMessages(entry: Entry) {
  return entry.channel === '$realm' ? (entry.messages ?? []) : [];
}

function verificationOf(tally: Tally, realm: Realm): LogVerification {
  const { channel, author, epoch, entries, messages, badSignatures } = tally;
  const { first, last, missing, brokenChain } = walk(tally);
  const notGranted = realm.standing(author).status === 'unknown';
  return {
    channel,
    author,
    name: realm.nameOf(author),
    epoch,
    first,
    last,
    entries,
    messages,
    missing,
    badSignatures,
    brokenChain,
    notGranted,
    damaged: 0,
    damage: [],
    ok: badSignatures === 0 && brokenChain === 0 && !notGranted,
  };
}

/** Goes up the log: what is missing between, and where an entry does not name the one just before it. */
function walk({ links }: Tally): { first: number; last: number; missing: number; brokenChain: number } {
  const seqs = [...links.keys()].sort((a, b) => a - b);
  let missing = 0;
  let brokenChain = 0;
  let before: { readonly id: EntryId; readonly last: number } | null = null;
  for (const seq of seqs) {
    const link = links.get(seq)!;
    if (before !== null) {
      const between = seq - before.last - 1;
      missing += Math.max(0, between - link.skip);
      if (between === 0 && link.prev !== before.id) brokenChain++;
    }
    before = link;
  }
  return { first: seqs[0] ?? 0, last: before?.last ?? 0, missing, brokenChain };
}

function damageOf(channel: string, damage: readonly DamagedPlace[]): LogVerification {
  return {
    channel,
    author: '',
    name: '',
    epoch: '',
    first: 0,
    last: 0,
    entries: 0,
    messages: 0,
    missing: 0,
    badSignatures: 0,
    brokenChain: 0,
    notGranted: false,
    damaged: damage.length,
    damage: damage.slice(0, DAMAGE_LISTED_MAX),
    ok: false,
  };
}
