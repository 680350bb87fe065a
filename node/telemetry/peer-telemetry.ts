import type { ChannelStatus, PeerChannelStatus, PeerStatus } from '../../src/index.ts';
import { forecastBacklog } from './backlog-forecast.ts';
import type { BacklogTelemetry, PeerTelemetry } from './telemetry-snapshot.ts';

/** What the backlog of peers is seen against. */
export interface BacklogContext {
  readonly channels: ReadonlyMap<string, ChannelStatus>;
  /** Bytes that all journals together may take; `null` for no limit. */
  readonly storageBytesMax: number | null;
  /** How fast a channel grows. */
  readonly growth: (channel: string) => {
    readonly bytesPerSecond: number;
    readonly messagesPerSecond: number;
  };
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** How peers are, and how long what they lack is kept for them. A peer of which only an address is known is left out. */
export function peerTelemetry(peers: readonly PeerStatus[], context: BacklogContext): PeerTelemetry[] {
  return peers.flatMap((peer) => {
    const { node, name, connected, health, latencyMs } = peer;
    if (node === null) return [];
    const backlog = peer.channels.flatMap((channel) => backlogOf(channel, context));
    const losses = backlog.flatMap(({ lossInMs }) => (lossInMs === null ? [] : [lossInMs]));
    return [
      {
        node,
        name,
        connected,
        health,
        latencyMs,
        missingHere: sum(backlog.map(({ missingHere }) => missingHere)),
        missingThere: sum(backlog.map(({ missingThere }) => missingThere ?? 0)),
        lossInMs: losses.length === 0 ? null : Math.min(...losses),
        backlog,
      },
    ];
  });
}

function backlogOf(step: PeerChannelStatus, context: BacklogContext): BacklogTelemetry[] {
  const { channel, missingHere, missingThere } = step;
  if (missingThere === 0 && missingHere === 0 && step.state === 'in-sync') return [];
  const status = context.channels.get(channel);
  const lacks = missingThere !== null && missingThere > 0 && status !== undefined;
  const forecast = lacks ? forecastOf(step, status, context) : null;
  const loss = { lossInMs: forecast?.inMs ?? null, lossBy: forecast?.limit ?? null };
  return [{ channel, missingHere, missingThere, ...loss }];
}

function forecastOf(step: PeerChannelStatus, status: ChannelStatus, context: BacklogContext) {
  const { retentionSeconds, retentionBytes, retentionMessages, priority } = status.policy;
  const { nowMs, storageBytesMax, channels } = context;
  const sinceInSyncMs = step.inSyncAtMs === null ? Number.POSITIVE_INFINITY : nowMs - step.inSyncAtMs;
  const others = sum([...channels.values()].map(({ bytes }) => bytes)) - status.bytes;
  // What is never dropped has no limit but its own.
  const ofStorage = storageBytesMax === null || priority === 'control' ? null : storageBytesMax - others;
  return forecastBacklog({
    missing: step.missingThere ?? 0,
    oldestMissingMs: Math.max(0, Math.min(sinceInSyncMs, status.oldestAgeMs ?? 0)),
    bytesPerMessage: status.messages === 0 ? 0 : status.bytes / status.messages,
    ...context.growth(step.channel),
    ageMsMax: retentionSeconds ? retentionSeconds * 1_000 : null,
    bytesMax: least(retentionBytes || null, ofStorage),
    messagesMax: retentionMessages || null,
  });
}

function least(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
