import type { RawEntry, RawMessage } from './raw-entry.ts';
import { logKey } from './raw-journal.ts';
import type { RunEvidence } from './run-evidence.ts';

/** A log as all disks together have it. */
export interface LedgerLog {
  readonly key: string;
  readonly channel: string;
  /** Name of the author, or its key where it has none. */
  readonly author: string;
  readonly epoch: string;
  /** By first number; those of one number by id. */
  readonly entries: readonly RawEntry[];
  /** The first number that does not count, as two entries prove that the author's key forked. */
  readonly end: number;
  /** Numbers that the author said it may not have used: an entry there is not waited for, and comes late. */
  readonly unused: ReadonlySet<number>;
}

/** Numbers of one declaration that are looked at. */
const UNUSED_MAX = 100_000;

/** What all disks together prove, worked out from the entries alone. */
export interface LogLedger {
  readonly logs: ReadonlyMap<string, LedgerLog>;
  /** Messages at a number of a log; several where the log forked. */
  messagesAt(log: string, seq: number): readonly RawMessage[];
  /** True if the entry lies wholly below the end of its log. */
  stands(entry: RawEntry): boolean;
  /** Log of a delivery, whose author is a name. */
  logNamed(place: {
    readonly channel: string;
    readonly author: string;
    readonly epoch: string;
  }): LedgerLog | undefined;
}

const ledgers = new WeakMap<RunEvidence, LogLedger>();

/** The ledger of a run; worked out once. */
export function ledgerOf(evidence: RunEvidence): LogLedger {
  let ledger = ledgers.get(evidence);
  if (ledger === undefined) {
    ledger = makeLedger(evidence);
    ledgers.set(evidence, ledger);
  }
  return ledger;
}

function makeLedger(evidence: RunEvidence): LogLedger {
  const byLog = new Map<string, Set<RawEntry>>();
  for (const entry of [...evidence.nodes.flatMap(({ disk }) => [...disk.entries]), ...evidence.proofs]) {
    const key = logKey(entry);
    const entries = byLog.get(key);
    if (entries === undefined) byLog.set(key, new Set([entry]));
    else entries.add(entry);
  }
  const logs = new Map<string, LedgerLog>();
  const byName = new Map<string, LedgerLog>();
  const messages = new Map<string, Map<number, RawMessage[]>>();
  for (const [key, set] of byLog) {
    const entries = [...set].sort((a, b) => a.seq - b.seq || (a.id < b.id ? -1 : 1));
    const { channel, epoch, author: authorKey } = entries[0]!;
    const author = evidence.names.get(authorKey) ?? authorKey;
    const log = { key, channel, author, epoch, entries, end: endOf(entries), unused: unusedOf(entries) };
    logs.set(key, log);
    byName.set(`${channel} ${author} ${epoch}`, log);
    messages.set(key, messagesByNumber(entries));
  }
  return {
    logs,
    messagesAt: (log, seq) => messages.get(log)?.get(seq) ?? [],
    stands: (entry) => entry.seq + entry.count <= (logs.get(logKey(entry))?.end ?? Number.POSITIVE_INFINITY),
    logNamed: ({ channel, author, epoch }) => byName.get(`${channel} ${author} ${epoch}`),
  };
}

function messagesByNumber(entries: readonly RawEntry[]): Map<number, RawMessage[]> {
  const numbers = new Map<number, RawMessage[]>();
  for (const message of entries.flatMap((entry) => entry.messages)) {
    const there = numbers.get(message.seq);
    if (there === undefined) numbers.set(message.seq, [message]);
    else there.push(message);
  }
  return numbers;
}

/**
 * Where a log ends: the lowest number of any two entries that one honest author cannot both have made, because both
 * hold a number, or because one names another entry as the one before it than the one that is there.
 */
function endOf(entries: readonly RawEntry[]): number {
  let end = Number.POSITIVE_INFINITY;
  /** Earlier entries that reach furthest: an overlap or a neighbour is among the last few. */
  let reaching: RawEntry[] = [];
  for (const entry of entries) {
    const before = entry.seq - entry.skip - 1;
    for (const low of reaching) {
      const last = low.seq + low.count - 1;
      const overlaps = last >= entry.seq;
      const isNeighbour = low.seq <= before && last >= before;
      if (overlaps || (isNeighbour && entry.prev !== low.id)) end = Math.min(end, low.seq);
    }
    reaching = [...reaching.filter((low) => low.seq + low.count >= entry.seq - entry.skip), entry].slice(-64);
  }
  return end;
}

function unusedOf(entries: readonly RawEntry[]): Set<number> {
  const numbers = new Set<number>();
  for (const { seq, skip } of entries)
    for (let number = seq - Math.min(skip, UNUSED_MAX); number < seq; number++) numbers.add(number);
  return numbers;
}
