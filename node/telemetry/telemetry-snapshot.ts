/** A counter since the start, and how much it grows now. */
export interface Flow {
  readonly total: number;
  /** Over the last {@link TelemetrySnapshot.ratesOverMs}. */
  readonly perSecond: number;
}

/** Messages through the node, or one channel of it. */
export interface MessageFlows {
  /** Published by this node and stored. */
  readonly published: Flow;
  /** Of other nodes, stored here. */
  readonly received: Flow;
  /** Handed to subscriptions and gateways; what goes to two of them counts twice. */
  readonly delivered: Flow;
}

/** A channel: what goes through, what is held and what may be. */
export interface ChannelTelemetry extends MessageFlows {
  readonly channel: string;
  /** Bytes of entries stored, whether still held or not. */
  readonly stored: Flow;
  /** Messages held. */
  readonly messages: number;
  /** Bytes on the disk. */
  readonly bytes: number;
  /** `null` for no limit of its own. */
  readonly bytesMax: number | null;
  /** Stretches of numbers that are missing. */
  readonly gaps: number;
  /** Messages let go since the start, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** What a peer and this node lack of each other in a channel. */
export interface BacklogTelemetry {
  readonly channel: string;
  /** Messages that the peer has and this node lacks. */
  readonly missingHere: number;
  /** Messages that the peer lacks; `null` while it did not say what it holds. */
  readonly missingThere: number | null;
  /** Until retention here begins to take what the peer lacks, milliseconds, if all goes on as now; `null`: never. */
  readonly lossInMs: number | null;
  /** The limit that does. */
  readonly lossBy: 'age' | 'bytes' | 'messages' | null;
}

/** A peer that is known by its id, or was met once and is away. */
export interface PeerTelemetry {
  readonly node: string;
  readonly name: string;
  readonly connected: boolean;
  readonly health: 'ok' | 'stalled' | 'down';
  readonly latencyMs: number | null;
  /** The sums of `backlog`. */
  readonly missingHere: number;
  readonly missingThere: number;
  /** The least of `backlog`. */
  readonly lossInMs: number | null;
  /** Channels that are not in step. */
  readonly backlog: readonly BacklogTelemetry[];
}

/** The file system that the node's directory lies on. */
export interface DiskTelemetry {
  /** Of all journals, on the disk. */
  readonly journalBytes: number;
  /** What they may take together; `null` for no limit. */
  readonly journalBytesMax: number | null;
  readonly freeBytes: number | null;
  readonly totalBytes: number | null;
  /** Bytes that this process had written to disks; `null` where the system does not count them. */
  readonly written: Flow | null;
  /** The same for each message published or received since the start; `null` before the first. */
  readonly writtenBytesPerMessage: number | null;
}

/** The card, or whatever disk the directory lies on. All of it is an estimate; see docs/metrics.md. */
export interface CardTelemetry {
  /** `mmcblk0`; `null` where no disk was found. */
  readonly device: string | null;
  readonly bytes: number | null;
  readonly enduranceCycles: number;
  readonly writeAmplification: number;
  /** Part of its life that is gone, as an eMMC says itself. */
  readonly wornFraction: number | null;
  /** Whose writes are measured: those of all programs, or of this agent where the system does not count the others'. */
  readonly writtenBy: 'all' | 'agent';
  readonly writtenBytesPerSecond: number;
  /** The agent's part of it, mean of up to a day. */
  readonly agentBytesPerSecond: number;
  /** Over how long that was measured: a day at most, or since the machine started while the agent is younger than an hour. */
  readonly measuredOverMs: number;
  /** At this rate, from now; `null` while less than an hour was measured, or nothing is written. */
  readonly remainingSeconds: number | null;
}

/** The process. */
export interface ProcessTelemetry {
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly externalBytes: number;
  /** Of one core, 0 to 1 and more. */
  readonly cpu: number;
  /** How late timers are, the worst of the last second and of the last minute. */
  readonly eventLoopLagMs: number;
  readonly eventLoopLagMsMax: number;
}

/** The figures of an agent at one moment: `GET /v1/telemetry`. */
export interface TelemetrySnapshot {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly uptimeMs: number;
  /** Rates are taken over so much, about ten seconds; less after the start. */
  readonly ratesOverMs: number;
  readonly messages: MessageFlows;
  readonly channels: readonly ChannelTelemetry[];
  readonly peers: readonly PeerTelemetry[];
  readonly disk: DiskTelemetry;
  readonly card: CardTelemetry;
  readonly process: ProcessTelemetry;
  /** What was refused or dropped since the start, by code. */
  readonly drops: Readonly<Record<string, number>>;
}
