import { RateHistory } from './rate-history.js';
import { TopicTable } from './topic-table.js';

/**
 * @typedef {import('../../../src/mesh/mesh-status.ts').MeshStatus} MeshStatus
 * @typedef {import('../../../src/mesh/mesh-status.ts').PeerStatus} PeerStatus
 * @typedef {import('../../../src/mesh/mesh-status.ts').GapStatus} GapStatus
 * @typedef {import('../../../src/mesh/mesh-status.ts').ForkStatus} ForkStatus
 * @typedef {import('../../../src/mesh/realm-status.ts').RealmStatus} RealmStatus
 * @typedef {import('../../alerts/alert.ts').AlertReport} AlertReport
 * @typedef {import('../../telemetry/telemetry-snapshot.ts').TelemetrySnapshot} Telemetry
 * @typedef {MeshStatus & { readonly agent: Readonly<Record<string, any>> }} NodeStatus
 * @typedef {import('./live-connection.js').ConnectionState} ConnectionState
 * @typedef {import('./live-connection.js').LiveLine} LiveLine
 */

/**
 * @template Row
 * @typedef {{ readonly total: number, readonly rows: readonly Row[] }} Limited
 */

/**
 * @typedef {{
 *   status?: NodeStatus, peers?: readonly PeerStatus[], absent?: readonly PeerStatus[], realm?: RealmStatus, gaps?: Limited<GapStatus>,
 *   forks?: Limited<ForkStatus>, mqtt?: any, bridges?: readonly any[], devices?: readonly any[], ports?: readonly any[],
 *   telemetry?: Telemetry, alerts?: AlertReport
 * }} Sections
 */

/** Everything that the page knows of its node, from one stream. Its size is bounded: see `TopicTable` and `RateHistory`. */
export class NodeState {
  /** @type {Sections} */
  sections = {};
  topics = new TopicTable();
  published = new RateHistory();
  received = new RateHistory();
  memory = new RateHistory();
  /** Messages of a channel. @type {Map<string, RateHistory>} */
  channelRates = new Map();
  /** @type {ConnectionState} */
  connection = 'connecting';
  connectionReason = '';
  /** When the last line came, by this machine's clock. */
  heardAtMs = 0;
  /** Topics without news since then are not listed; `null`: all are. @type {number | null} */
  topicsSinceMs = null;
  /** What the node's clock is ahead of this machine's. */
  #aheadMs = 0;

  /** Peers that are there or kept being called, and those that came by themselves and are away. @returns {PeerStatus[]} */
  get peers() {
    const { peers = [], absent = [] } = this.sections;
    const there = new Set(peers.map(({ node }) => node));
    return [...peers, ...absent.filter(({ node }) => !there.has(node))];
  }

  /** The node's clock. */
  get nowMs() {
    return Date.now() + this.#aheadMs;
  }

  /** @param {LiveLine} line */
  take(line) {
    this.heardAtMs = Date.now();
    if (line.live === 1) {
      if (!line.resumed) this.topics.clear();
      this.topics.topicsMax = line.topicsMax;
      this.topicsSinceMs = line.sinceMs;
      return;
    }
    this.#aheadMs = line.nowMs - Date.now();
    // A slow line makes its own delay look like a clock that is behind.
    if (Math.abs(this.#aheadMs) < 2_000) this.#aheadMs = 0;
    if (line.topics !== undefined) this.topics.take(line.topics, Date.now());
    if (line.sections === undefined) return;
    this.sections = { ...this.sections, ...line.sections };
    if (line.sections.telemetry !== undefined) this.#sample(line.sections.telemetry);
  }

  /** @param {Telemetry} telemetry */
  #sample({ atMs, messages, channels, process }) {
    this.published.sample(messages.published.perSecond, atMs);
    this.received.sample(messages.received.perSecond, atMs);
    this.memory.sample(process.residentBytes, atMs);
    for (const { channel, published, received } of channels) {
      let rates = this.channelRates.get(channel);
      if (rates === undefined) {
        rates = new RateHistory();
        this.channelRates.set(channel, rates);
      }
      rates.sample(published.perSecond + received.perSecond, atMs);
    }
  }
}
