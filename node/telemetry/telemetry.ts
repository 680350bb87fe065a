import type { ChannelStatus, Mesh, MeshStatus, PeerStatus } from '../../src/index.ts';
import { CardWatch } from './card-watch.ts';
import { channelTelemetry, FLOWS, flowName, sumOfFlows } from './channel-telemetry.ts';
import { type DiskSpace, DiskSpaceWatch } from './disk-space.ts';
import { peerTelemetry } from './peer-telemetry.ts';
import { ProcessFigures } from './process-figures.ts';
import { RateState } from './rate-state.ts';
import type {
  DiskTelemetry,
  MessageFlows,
  ProcessTelemetry,
  TelemetrySnapshot,
} from './telemetry-snapshot.ts';

/** What {@link Telemetry} works with. */
export interface TelemetryParts {
  /** The node's directory: its disk is watched. */
  readonly directory: string;
  readonly mesh: Pick<Mesh, 'traffic' | 'status' | 'peers' | 'absentPeers'>;
  /** How often each cell of the card can be written. @defaultValue 1,000 */
  readonly cardCycles?: number;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** What one look at the agent gave. */
export interface TelemetryLook {
  readonly snapshot: TelemetrySnapshot;
  readonly status: MeshStatus;
  /** Absent ones too. */
  readonly peers: readonly PeerStatus[];
}

const SAMPLE_MS = 1_000;
/** Rates for people, who want to see a change at once. */
const RECENT = Object.freeze({ windowMs: 10_000, everyMs: SAMPLE_MS });
/** Rates for forecasts, which are to hold longer than a burst. */
const STEADY = Object.freeze({ windowMs: 600_000, everyMs: 30_000 });
/** All who ask within that get the same. */
const SNAPSHOT_MS = 250;

/**
 * Measures an agent: rates, disk, card, memory, what peers lack. A sample a second costs well under a millisecond; the rest is
 * worked out when somebody asks.
 */
export class Telemetry {
  readonly #parts: TelemetryParts;
  readonly #process = new ProcessFigures();
  readonly #card: CardWatch;
  readonly #disk: DiskSpaceWatch;
  readonly #recent = new RateState(RECENT);
  readonly #steady = new RateState(STEADY);
  #timer: NodeJS.Timeout | null = null;
  #startedAtMs = 0;
  #writtenAtStart: number | null = null;
  #latest: { readonly atMs: number; readonly look: Promise<TelemetryLook> } | null = null;

  constructor(parts: TelemetryParts) {
    this.#parts = parts;
    const { directory, cardCycles } = parts;
    this.#disk = new DiskSpaceWatch(directory);
    this.#card = new CardWatch({
      directory,
      ...(cardCycles === undefined ? {} : { enduranceCycles: cardCycles }),
    });
  }

  /** Begins to take samples. Idempotent. */
  start(): void {
    if (this.#timer !== null) return;
    this.#startedAtMs = performance.now();
    this.#writtenAtStart = this.#process.writtenBytes();
    this.#process.start();
    this.#card.start();
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS).unref();
  }

  /** Idempotent. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#process.stop();
  }

  /** The figures now, at most a quarter of a second old. */
  async snapshot(): Promise<TelemetrySnapshot> {
    return (await this.look()).snapshot;
  }

  /** The same with what the mesh said, for those who need that too: it is asked once for all. */
  look(): Promise<TelemetryLook> {
    const nowMs = performance.now();
    if (this.#latest !== null && nowMs - this.#latest.atMs < SNAPSHOT_MS) return this.#latest.look;
    const look = this.#look();
    this.#latest = { atMs: nowMs, look };
    return look;
  }

  #sample(): void {
    const nowMs = performance.now();
    const totals = this.#totals();
    this.#process.sample();
    this.#recent.note(nowMs, totals);
    this.#steady.note(nowMs, totals);
    this.#card.sample(nowMs, totals.get('written') ?? null);
  }

  /** All that grows, by a name that no channel's counter has. */
  #totals(): Map<string, number> {
    const totals = new Map([['cpuMs', this.#process.cpuMs()]]);
    const written = this.#process.writtenBytes();
    if (written !== null) totals.set('written', written);
    for (const traffic of this.#parts.mesh.traffic())
      for (const flow of FLOWS) totals.set(flowName(traffic.channel, flow), traffic[flow]);
    return totals;
  }

  async #look(): Promise<TelemetryLook> {
    const { mesh } = this.#parts;
    const disk = await this.#disk.space(performance.now());
    const status = mesh.status();
    const peers = [...mesh.peers(), ...mesh.absentPeers()];
    return { status, peers, snapshot: this.#snapshot(status, peers, disk) };
  }

  #snapshot(status: MeshStatus, peers: readonly PeerStatus[], disk: DiskSpace): TelemetrySnapshot {
    const { mesh, nowMs } = this.#parts;
    const now = { nowMs: performance.now(), rates: this.#recent };
    const traffic = new Map(mesh.traffic().map((one) => [one.channel, one]));
    const channels = channelTelemetry(status.channels, traffic, now);
    const messages = sumOfFlows(channels);
    const written = this.#process.writtenBytes();
    return {
      atMs: nowMs(),
      uptimeMs: Math.max(0, now.nowMs - this.#startedAtMs),
      ratesOverMs: this.#recent.overMs(now.nowMs),
      messages,
      channels,
      peers: this.#peers(status, peers, now.nowMs),
      disk: {
        ...this.#written(messages, written, now.nowMs),
        ...journals(status),
        ...disk,
      },
      card: this.#card.telemetry(now.nowMs, { agentBytes: written, diskBytes: disk.totalBytes }),
      process: this.#processTelemetry(now.nowMs),
      drops: status.counters,
    };
  }

  #peers({ channels, storageBytesMax }: MeshStatus, peers: readonly PeerStatus[], monotonicMs: number) {
    const traffic = new Map(this.#parts.mesh.traffic().map((one) => [one.channel, one]));
    return peerTelemetry(peers, {
      channels: new Map(channels.map((channel): [string, ChannelStatus] => [channel.channel, channel])),
      storageBytesMax,
      nowMs: this.#parts.nowMs(),
      growth: (channel) => {
        const rate = (flow: (typeof FLOWS)[number]) =>
          this.#steady.perSecond(monotonicMs, flowName(channel, flow), traffic.get(channel)?.[flow] ?? 0);
        return {
          bytesPerSecond: rate('storedBytes'),
          messagesPerSecond: rate('published') + rate('received'),
        };
      },
    });
  }

  #written(
    { published, received }: MessageFlows,
    written: number | null,
    nowMs: number,
  ): Pick<DiskTelemetry, 'written' | 'writtenBytesPerMessage'> {
    if (written === null) return { written: null, writtenBytesPerMessage: null };
    const messages = published.total + received.total;
    const sinceStart = written - (this.#writtenAtStart ?? 0);
    return {
      written: { total: written, perSecond: this.#recent.perSecond(nowMs, 'written', written) },
      writtenBytesPerMessage: messages === 0 ? null : sinceStart / messages,
    };
  }

  #processTelemetry(nowMs: number): ProcessTelemetry {
    const { rss, heapUsed, heapTotal, external } = this.#process.memory();
    return {
      residentBytes: rss,
      heapUsedBytes: heapUsed,
      heapTotalBytes: heapTotal,
      externalBytes: external,
      cpu: this.#recent.perSecond(nowMs, 'cpuMs', this.#process.cpuMs()) / 1_000,
      eventLoopLagMs: this.#process.lagMs,
      eventLoopLagMsMax: this.#process.lagMsMax,
    };
  }
}

function journals({ channels, storageBytesMax }: MeshStatus) {
  const journalBytes = channels.reduce((sum, { bytes }) => sum + bytes, 0);
  return { journalBytes, journalBytesMax: storageBytesMax };
}
