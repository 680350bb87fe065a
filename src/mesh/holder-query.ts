import { type EpochId, type LogId, logIdOf, NUMBER_MAX, splitLogId } from '../entry/index.ts';
import { SedgeError } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ChannelJournal } from '../journal/index.ts';
import type { Overlay } from '../overlay/index.ts';
import { MAIN_CHANNEL, type Realm } from '../realm/index.ts';
import type { HoldingSource, PeerHoldings, ReceiptsService } from '../receipts/index.ts';

/** Which message. */
export interface MessageName {
  /** Id of the author, its name, or the start of its id. */
  readonly author: string;
  readonly seq: number;
  /** @defaultValue `'main'` */
  readonly channel?: string;
  /** @defaultValue the author's only one in the channel */
  readonly epoch?: string;
}

/** Options of `Mesh.holders`. */
export interface HoldersOptions {
  /** How long connected peers may take to answer, 1 to 60,000 ms. @defaultValue 2,000 */
  readonly timeoutMs?: number;
}

/** A node and whether it holds a message, as far as this node knows. */
export interface Holder {
  readonly node: NodeId;
  readonly name: string;
  /** This very node. */
  readonly self: boolean;
  readonly connected: boolean;
  /** `null` where nothing is known. */
  readonly holds: boolean | null;
  /**
   * How that is known: `disk` (this node's own), `receipt` (it said so, after fsync), `heads` (it claimed so), `in-sync`
   * (its root was the same as this node's), `bundle` (it signed a bundle that says so).
   */
  readonly source: 'disk' | HoldingSource | null;
  /** When it was known, milliseconds since 1970. */
  readonly asOfMs: number | null;
}

/** Who holds a message. */
export interface Holders {
  readonly author: NodeId;
  readonly name: string;
  readonly channel: string;
  readonly epoch: EpochId;
  readonly seq: number;
  /** Granted nodes, this one first, then by name. */
  readonly holders: readonly Holder[];
}

/** What {@link findHolders} works with. */
export interface HolderQueryDependencies {
  readonly self: NodeId;
  readonly realm: Realm;
  readonly overlay: Overlay;
  readonly journals: ReadonlyMap<string, ChannelJournal>;
  readonly holdings: PeerHoldings;
  readonly receipts: Pick<ReceiptsService, 'ask'>;
  readonly nowMs: () => number;
}

const TIMEOUT_MS = 2_000;
const TIMEOUT_MS_MAX = 60_000;

interface Target {
  readonly journal: ChannelJournal;
  readonly log: LogId;
  readonly seq: number;
}

/**
 * Asks the connected peers for a message, and says of the absent ones what was last known. Throws
 * `realm.unknown-node` and `mesh.bad-option`.
 */
export async function findHolders(
  message: MessageName,
  { timeoutMs = TIMEOUT_MS }: HoldersOptions,
  deps: HolderQueryDependencies,
): Promise<Holders> {
  if (!(timeoutMs >= 1 && timeoutMs <= TIMEOUT_MS_MAX))
    throw badOption('timeoutMs', `1 to ${TIMEOUT_MS_MAX}`);
  const target = targetOf(message, deps);
  const { journal, log, seq } = target;
  const { channel } = journal;
  await deps.receipts.ask({ channel, log, seq }, timeoutMs);
  const record = await journal.entryCovering(log, seq);
  const connected = new Set(deps.overlay.peers().flatMap((peer) => (peer.connected ? [peer.node] : [])));
  const others = deps.realm
    .nodes()
    .filter(({ node, status }) => status === 'granted' && node !== deps.self)
    .map(({ node, name }) => {
      const known = knownOf(node, target, record?.position ?? null, deps);
      return { node, name, self: false, connected: connected.has(node), ...known };
    });
  const here: Holder = {
    node: deps.self,
    name: deps.realm.nameOf(deps.self),
    self: true,
    connected: true,
    holds: record !== null && record.position <= journal.durablePosition,
    source: 'disk',
    asOfMs: deps.nowMs(),
  };
  const { author, epoch } = splitLogId(log);
  return { author, name: deps.realm.nameOf(author), channel, epoch, seq, holders: [here, ...others] };
}

function targetOf(
  { author, seq, channel = MAIN_CHANNEL, epoch }: MessageName,
  { realm, journals }: HolderQueryDependencies,
): Target {
  const node = realm.findNode(author);
  if (node === null) throw new SedgeError('realm.unknown-node', { node: author.slice(0, 64) });
  const journal = journals.get(channel);
  if (journal === undefined) throw badOption('channel', 'a channel that is carried here');
  if (!(Number.isInteger(seq) && seq >= 1 && seq < NUMBER_MAX)) throw badOption('seq', '1 to 2^48 - 1');
  if (epoch !== undefined) {
    if (!/^[0-9a-f]{16}$/.test(epoch)) throw badOption('epoch', '16 hexadecimal digits');
    return { journal, log: logIdOf({ author: node, epoch: epoch as EpochId }), seq };
  }
  const logs = [...journal.logs()].filter((log) => splitLogId(log).author === node);
  const [only, ...more] = logs;
  if (only === undefined) throw badOption('author', 'an author of whom something is held in the channel');
  if (more.length > 0) {
    throw badOption(
      'epoch',
      `one of ${logs
        .slice(0, 8)
        .map((log) => splitLogId(log).epoch)
        .join(', ')}`,
    );
  }
  return { journal, log: only, seq };
}

/** What is known of a peer: the latest of its reports and claims, and of the moments of equal roots. */
function knownOf(
  node: NodeId,
  { journal: { channel }, log, seq }: Target,
  position: number | null,
  { holdings }: HolderQueryDependencies,
): Pick<Holder, 'holds' | 'source' | 'asOfMs'> {
  const holding = holdings.of(node, { channel, log });
  const inSync = holdings.inSync(node, channel);
  if (
    inSync !== null &&
    position !== null &&
    position <= inSync.position &&
    inSync.asOfMs >= (holding?.asOfMs ?? 0)
  )
    return { holds: true, source: 'in-sync', asOfMs: inSync.asOfMs };
  if (holding === null) return { holds: null, source: null, asOfMs: null };
  const holds = holding.ranges.some(({ first, last }) => first <= seq && last >= seq);
  return { holds, source: holding.source, asOfMs: holding.asOfMs };
}

function badOption(option: string, bounds: string): SedgeError {
  return new SedgeError('mesh.bad-option', { option, bounds });
}
