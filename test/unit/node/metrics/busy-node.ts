import { GatewayCounters } from '../../../../node/gateways/mqtt/gateway-counters.ts';
import { newBridgeCounters } from '../../../../node/gateways/mqtt-bridge/bridge-counters.ts';
import type { MetricParts } from '../../../../node/metrics/gather-metrics.ts';
import { Telemetry } from '../../../../node/telemetry/index.ts';
import { ERROR_TABLE, type NodeId, type PeerStatus } from '../../../../src/index.ts';
import { sampleDevice, samplePort } from '../fake-devices.ts';
import { FakeMesh } from '../fake-mesh.ts';

/** How much there is of everything. */
export interface Size {
  readonly peers: number;
  readonly channels: number;
  readonly devices?: number;
  readonly bridges?: number;
  readonly codes?: number;
}

/** A node of any size with every part on, made up, and as bad off as can be: every value that may be there is. */
export function busyNode(size: Size, change: (peer: PeerStatus) => PeerStatus = (peer) => peer): MetricParts {
  const { peers, channels: channelCount, devices = 4, bridges = 2, codes = 20 } = size;
  const channels = ['$realm', '$alerts', ...names('channel', channelCount)].map(channelOf);
  const mesh = new FakeMesh();
  const status = { ...mesh.status(), channels, problems: [], counters: countersOf(codes) };
  const peerList = names('peer', peers).map((name, n) =>
    change(
      peerOf(
        name,
        n,
        channels.map(({ channel }) => channel),
      ),
    ),
  );
  const traffic = channels.map(({ channel }) => ({
    channel,
    published: 1,
    received: 2,
    delivered: 3,
    storedBytes: 400,
  }));
  const served = Object.assign(mesh, {
    status: () => ({ ...status, storageBytesMax: 1e9 }),
    peers: () => peerList,
    traffic: () => traffic,
  });
  const telemetry = new Telemetry({ directory: '/', mesh: served as never, nowMs: () => 10_000_000 });
  return {
    devices: {
      devices: async () => names('device', devices).map((name) => sampleDevice({ name })),
      ports: async () => [samplePort({ counters: { frames: 5, 'serial.bad-tag': 1 } })],
    } as never,
    mqtt: { status: () => ({ ...mqtt(), sessions: 1 }), clients: () => [] },
    bridges: { status: () => names('bridge', bridges).map(bridgeOf) },
    http: () => ({
      addresses: () => [],
      status: () => ({
        listening: [],
        connections: 1,
        streams: 0,
        tokens: 0,
        counters: {
          requests: 9,
          connections: 1,
          connectionsOverTotal: 0,
          messagesIn: 1,
          messagesOut: 2,
          'http.bad-host': 1,
        },
      }),
    }),
    telemetry,
    agentFacts: () => ({ version: '0.4.0', nodeVersion: '24.0.0', serial: ['/dev/ttyUSB0'] }),
    alerts: {
      report: () => ({
        counts: { firing: 1, unacknowledged: 1, pending: 0 },
        rules: names('rule', 9).map((rule) => ({ rule, severity: 'warning' })),
        alerts: [{ rule: 'rule-0', severity: 'warning', state: 'firing' }],
        webhooks: [{ failed: 1, dropped: 2 }],
      }),
    },
  };
}

export function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
}

function countersOf(codes: number): Record<string, number> {
  return Object.fromEntries(
    Object.keys(ERROR_TABLE)
      .slice(0, codes)
      .map((code, n) => [code, n + 1]),
  );
}

function channelOf(channel: string) {
  return {
    channel,
    filter: null,
    logs: 3,
    entries: 10,
    messages: 100,
    bytes: 10_000,
    gaps: 1,
    oldestAgeMs: 5_000,
    policy: { retentionSeconds: 3_600, retentionBytes: 1e6 },
    dropped: { age: 1, bytes: 2, messages: 3, storage: 4, unreplicated: 5 },
    offset: null,
    losses: (['let-go', 'forked', 'held-elsewhere', 'nowhere'] as const).map((why) => ({ why, messages: 7 })),
  };
}

function peerOf(name: string, n: number, channels: readonly string[]): PeerStatus {
  return {
    node: `12D3KooWPeer${String(n).padStart(40, '0')}` as NodeId,
    name,
    addresses: [],
    source: 'given',
    connected: true,
    latencyMs: 12,
    sinceMs: 1,
    sync: 'syncing',
    inSyncAtMs: 9_000_000,
    health: 'ok',
    heardAtMs: 9_900_000,
    channels: channels.map((channel, at) => ({
      channel,
      state: 'apart',
      missingHere: 1,
      missingThere: at + 1,
      givenUp: 0,
      inSyncAtMs: 9_000_000,
    })),
    failedDials: 0,
    lastError: null,
  };
}

function bridgeOf(name: string) {
  const link = { connected: true, connections: 1, reason: null };
  return {
    name,
    url: 'mqtt://broker',
    role: 'carrier' as const,
    carrier: null,
    link,
    session: null,
    waiting: 3,
    counters: newBridgeCounters(),
    alarms: [],
  };
}

function mqtt() {
  return { listening: [], connections: 1, counters: new GatewayCounters().snapshot() };
}
