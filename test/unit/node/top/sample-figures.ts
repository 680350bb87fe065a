import type { TelemetrySnapshot } from '../../../../node/control/client/index.ts';
import type { ChannelTelemetry, PeerTelemetry } from '../../../../node/telemetry/index.ts';
import type { TopFigures } from '../../../../node/top/top-figures.ts';

const NONE = { total: 0, perSecond: 0 };

/** A channel with nothing special to it. */
export function sampleChannel(channel: string, fields: Partial<ChannelTelemetry> = {}): ChannelTelemetry {
  return {
    channel,
    published: NONE,
    received: NONE,
    delivered: NONE,
    stored: NONE,
    messages: 100,
    bytes: 20_000,
    bytesMax: null,
    gaps: 0,
    dropped: { age: 0, bytes: 0 },
    ...fields,
  };
}

/** A peer that is there and in step. */
export function samplePeer(name: string, fields: Partial<PeerTelemetry> = {}): PeerTelemetry {
  return {
    node: `12D3KooW${name}`,
    name,
    connected: true,
    health: 'ok',
    latencyMs: 12,
    missingHere: 0,
    missingThere: 0,
    lossInMs: null,
    backlog: [],
    ...fields,
  };
}

/** What an agent says that is well. */
export function sampleFigures(
  fields: Partial<TelemetrySnapshot> = {},
  problems: readonly object[] = [],
): TopFigures {
  const telemetry: TelemetrySnapshot = {
    atMs: 1_795_660_000_000,
    uptimeMs: 7_200_000,
    ratesOverMs: 10_000,
    messages: { published: { total: 9, perSecond: 12.34 }, received: NONE, delivered: NONE },
    channels: [sampleChannel('main')],
    peers: [samplePeer('barn')],
    disk: {
      journalBytes: 20_000,
      journalBytesMax: 4e9,
      freeBytes: 20e9,
      totalBytes: 32e9,
      written: { total: 1e6, perSecond: 1_500 },
      writtenBytesPerMessage: 900,
    },
    card: {
      device: 'mmcblk0',
      bytes: 32e9,
      enduranceCycles: 1_000,
      writeAmplification: 4,
      wornFraction: 0.2,
      writtenBy: 'all',
      writtenBytesPerSecond: 50_000,
      agentBytesPerSecond: 1_500,
      measuredOverMs: 86_400_000,
      remainingSeconds: 157_000_000,
    },
    process: {
      residentBytes: 96e6,
      heapUsedBytes: 28e6,
      heapTotalBytes: 40e6,
      externalBytes: 1e6,
      cpu: 0.034,
      eventLoopLagMs: 2,
      eventLoopLagMsMax: 40,
    },
    drops: {},
    ...fields,
  };
  const status = { node: '12D3KooWgateway', name: 'gateway', realmName: 'farm', problems };
  return { status: status as never, telemetry, alertsFiring: 0 };
}
