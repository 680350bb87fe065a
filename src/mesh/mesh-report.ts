import { type LogId, splitLogId } from '../entry/index.ts';
import {
  type Counters,
  describeError,
  ERROR_TABLE,
  type ErrorCode,
  type SedgeError,
} from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ChannelJournal } from '../journal/index.ts';
import type { Overlay, PeerInfo } from '../overlay/index.ts';
import { ALERTS_CHANNEL, type ChannelPolicy, REALM_CHANNEL, type Realm } from '../realm/index.ts';
import type { PeerHoldings } from '../receipts/index.ts';
import type { PeerChannelSync, PeerSync } from '../sync/index.ts';
import { forkProblem } from './fork-problem.ts';
import type {
  ChannelStatus,
  ForkStatus,
  GapStatus,
  LogStatus,
  MeshStatus,
  PeerChannelStatus,
  PeerStatus,
  Problem,
} from './mesh-status.ts';
import { channelLosses, peerChannelStatus } from './sync-report.ts';

/** What {@link MeshReport} looks at. */
export interface MeshReportDependencies {
  readonly self: NodeId;
  readonly realm: Realm;
  readonly overlay: Overlay;
  readonly counters: Counters;
  readonly journals: ReadonlyMap<string, ChannelJournal>;
  /** Logs that this node writes now, by channel. */
  readonly ownLogs: () => ReadonlyMap<string, LogId>;
  /** Why this node cannot publish, by channel. */
  readonly ownFaults: () => ReadonlyMap<string, SedgeError>;
  /** How long ago something was received, milliseconds. */
  readonly elapsedMs: (receivedAtMs: number) => number;
  /** What is kept of a channel. */
  readonly policyOf: (channel: string) => ChannelPolicy;
  /** How far this node is in step with a peer; `null` before the start. */
  readonly peerSync: (node: NodeId) => PeerSync | null;
  /** The same by channel, of a peer that is connected. */
  readonly peerChannelSync: (node: NodeId) => readonly PeerChannelSync[];
  readonly holdings: PeerHoldings;
  /** When something of a peer last came: a frame of its session, or an entry. */
  readonly heardAtMs: (node: NodeId) => number | null;
  readonly nowMs: () => number;
  /** Forks that are known. */
  readonly forks: () => readonly ForkStatus[];
}

/** A connected peer that is silent for so long is stalled: two hellos were due. */
const STALLED_MS = 75_000;
/** Of absent peers; a realm of more is looked at from several of its nodes. */
const ABSENT_PEERS_MAX = 256;
/** What is known of the link to one that is not there. */
const ABSENT = Object.freeze({
  addresses: [],
  source: 'inbound' as const,
  connected: false,
  latencyMs: null,
  sinceMs: null,
  failedDials: 0,
  lastError: null,
});

/** What a node knows and holds, for people. */
export class MeshReport {
  readonly #deps: MeshReportDependencies;

  constructor(deps: MeshReportDependencies) {
    this.#deps = deps;
  }

  /** Peers, and how far this node is in step with each. */
  peers(): PeerStatus[] {
    return this.#deps.overlay.peers().map((peer) => this.#statusOf(peer));
  }

  /** Nodes that were met and are not among the peers now: those that connect by themselves, while they do not. */
  absentPeers(): PeerStatus[] {
    const { overlay, holdings, realm, self } = this.#deps;
    const present = new Set(overlay.peers().map(({ node }) => node));
    return [...holdings.peers()]
      .filter((node) => node !== self && !present.has(node) && realm.standing(node).status === 'granted')
      .slice(0, ABSENT_PEERS_MAX)
      .map((node) => this.#statusOf({ ...ABSENT, node }));
  }

  #statusOf(peer: PeerInfo): PeerStatus {
    const sync = peer.node === null ? null : this.#deps.peerSync(peer.node);
    const heardAtMs = peer.node === null ? null : this.#deps.heardAtMs(peer.node);
    const known = {
      ...peer,
      name: peer.node === null ? '' : this.#deps.realm.nameOf(peer.node),
      sync: sync?.status ?? 'unknown',
      inSyncAtMs: sync?.inSyncAtMs ?? null,
      heardAtMs,
      channels: peer.node === null ? [] : this.#peerChannels(peer.node),
    };
    return { ...known, health: this.#healthOf(known) };
  }

  #peerChannels(peer: NodeId): PeerChannelStatus[] {
    const { journals, holdings } = this.#deps;
    const sessions = new Map(this.#deps.peerChannelSync(peer).map((session) => [session.channel, session]));
    return [...journals.values()].map((journal) =>
      peerChannelStatus(peer, journal, { holdings, session: sessions.get(journal.channel) }),
    );
  }

  /** A socket that is open says nothing: what counts is whether anything comes. */
  #healthOf({ connected, sinceMs, heardAtMs }: Omit<PeerStatus, 'health'>): PeerStatus['health'] {
    if (!connected) return 'down';
    const silentMs = this.#deps.nowMs() - Math.max(heardAtMs ?? 0, sinceMs ?? 0);
    return silentMs > STALLED_MS ? 'stalled' : 'ok';
  }

  /** Channels that this node carries. */
  channels(): ChannelStatus[] {
    const filters = new Map(this.#deps.realm.channels().map(({ name, filter }) => [name, filter]));
    return [...this.#deps.journals].map(([channel, journal]) => {
      const { logs, entries, messages, bytes } = journal.totals();
      const offset = journal.currentOffset();
      const reserved = channel === REALM_CHANNEL || channel === ALERTS_CHANNEL;
      const filter = reserved ? `${channel}/#` : (filters.get(channel) ?? null);
      const gaps = this.#gapsOf(channel, journal).length;
      const at = offset === null ? null : `${offset.incarnation}:${offset.position}`;
      const losses = channelLosses(journal, this.#deps.holdings);
      const received = journal.oldestReceivedAtMs();
      return {
        channel,
        filter,
        logs,
        entries,
        messages,
        bytes,
        gaps,
        oldestAgeMs: received === null ? null : this.#deps.elapsedMs(received),
        policy: this.#deps.policyOf(channel),
        dropped: { ...journal.dropped },
        offset: at,
        losses,
      };
    });
  }

  /** Logs of which this node holds something. */
  logs(): LogStatus[] {
    const own = this.#deps.ownLogs();
    return [...this.#deps.journals].flatMap(([channel, journal]) =>
      [...new Set([...journal.logs(), ...journal.logsLetGo()])].map((log) => {
        const { author, epoch } = splitLogId(log);
        const letGo = journal.letGo(log);
        return {
          channel,
          author,
          name: this.#deps.realm.nameOf(author),
          epoch,
          last: Math.max(journal.head(log)?.last ?? 0, letGo.at(-1)?.last ?? 0),
          held: count(journal.heldRanges(log)),
          missing: count(journal.missing(log)),
          letGo: count(letGo),
          end: journal.endOf(log),
          own: own.get(channel) === log,
        };
      }),
    );
  }

  /** Numbers that this node knows to exist and does not hold. */
  gaps(): GapStatus[] {
    return [...this.#deps.journals].flatMap(([channel, journal]) => this.#gapsOf(channel, journal));
  }

  /** What a person has to look at. */
  problems(): MeshStatus['problems'] {
    const problems: Problem[] = this.#deps
      .forks()
      .filter(({ alarm }) => alarm)
      .map(forkProblem);
    const report = (code: ErrorCode, details: Record<string, string | number> = {}) => {
      const sentence = describeError(code, details);
      problems.push({ code, severity: 'warning', sentence, next: ERROR_TABLE[code].next });
    };
    const ownFaults = this.#deps.ownFaults();
    for (const [channel, journal] of this.#deps.journals) {
      const fault = journal.fault ?? ownFaults.get(channel);
      if (fault !== undefined) report(fault.code, { channel });
    }
    const { counters, realm, self } = this.#deps;
    const unreplicated = counters.get('journal.dropped-unreplicated');
    if (unreplicated > 0) report('journal.dropped-unreplicated', { messages: unreplicated });
    if (counters.get('journal.segment-corrupt') > 0) report('journal.segment-corrupt');
    for (const { invite, overused, used } of realm.inviteUses()) {
      if (overused) report('realm.token-used', { invite, used });
    }
    if (realm.standing(self).status === 'revoked') report('realm.revoked');
    return problems;
  }

  #gapsOf(channel: string, journal: ChannelJournal): GapStatus[] {
    return [...journal.heads()].flatMap(({ log, author, epoch }) =>
      journal.missing(log).map(({ first, last }) => {
        return { channel, author, name: this.#deps.realm.nameOf(author), epoch, first, last };
      }),
    );
  }
}

function count(ranges: readonly { readonly first: number; readonly last: number }[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}
