import { describe, expect, test } from 'vitest';
import { peersText } from '../../../node/commands/peers.ts';
import { statusText } from '../../../node/commands/status.ts';
import type { AgentStatus } from '../../../node/control/client/index.ts';
import type { NodeId, PeerChannelStatus, PeerStatus } from '../../../src/index.ts';

const NOW_MS = 1_800_000_000_000;

const inSync: PeerChannelStatus = {
  channel: 'main',
  state: 'in-sync',
  missingHere: 0,
  missingThere: 0,
  givenUp: 0,
  inSyncAtMs: NOW_MS - 5_000,
};

const peer: PeerStatus = {
  node: '12D3KooWHYmXDULDGEMfyommGNCJzvKCMGH4GDLSyHyPo9fRoEcd' as NodeId,
  name: 'greenhouse-controller-in-the-far-corner',
  addresses: ['/dns4/greenhouse.example/tcp/7600/p2p/12D3KooWHYmXDULDGEMfyommGNCJzvKCMGH4GDLSyHyPo9fRoEcd'],
  source: 'invitation',
  connected: false,
  latencyMs: null,
  sinceMs: NOW_MS - 100 * 86_400_000,
  sync: 'unknown',
  inSyncAtMs: NOW_MS - 100 * 86_400_000,
  health: 'down',
  heardAtMs: null,
  channels: [inSync, { ...inSync, channel: 'alarm', state: 'apart', missingHere: 3, missingThere: null }],
  failedDials: 1_234,
  lastError: 'overlay.no-route',
};

const status: AgentStatus = {
  node: peer.node!,
  name: 'farm',
  realm: 'aa'.repeat(16),
  realmName: 'farm',
  addresses: [],
  startedAtMs: 0,
  peersConnected: 0,
  peersKnown: 1,
  storageBytesMax: null,
  channels: [
    {
      channel: 'main',
      filter: null,
      logs: 1,
      entries: 1,
      messages: 1,
      bytes: 1,
      oldestAgeMs: null,
      policy: {},
      dropped: { age: 0, bytes: 0, messages: 0, storage: 0, unreplicated: 0 },
      gaps: 0,
      offset: null,
      losses: [
        { why: 'let-go', messages: 1_200 },
        { why: 'nowhere', messages: 1 },
      ],
    },
  ],
  published: 0,
  delivered: 0,
  received: 0,
  parked: 0,
  counters: {},
  problems: [],
  agent: {
    version: '0',
    nodeVersion: '24',
    pid: 1,
    directory: '/',
    residentBytes: 1,
    startedAtMs: 0,
    serial: [],
  },
};

describe('the tables of peers', () => {
  test('fit a terminal of 100 columns, whatever the names', () => {
    const lines = peersText([peer, { ...peer, connected: true, latencyMs: 119_000 }], NOW_MS, false).split(
      '\n',
    );
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines[1]).toContain('down (1,234 tries)');
    expect(lines[1]).toContain('12D3KooWHYmXDULD');
  });

  test('say all with --wide', () => {
    const text = peersText([peer], NOW_MS, true);
    for (const part of [peer.name, peer.node!, peer.addresses[0]!, 'invitation', 'overlay.no-route'])
      expect(text).toContain(part);
  });

  test('say of a peer that nothing comes from that it is stalled', () => {
    expect(peersText([{ ...peer, connected: true, health: 'stalled' }], NOW_MS, false)).toContain('stalled');
  });
});

describe('the status', () => {
  test('says for each channel and peer who lacks how much, and what is lost and why', () => {
    const text = statusText(status, [peer], NOW_MS);
    expect(text).toMatch(/main +greenhouse\S+ +in sync, down +0 +0 +0 +5 s ago/);
    expect(text).toMatch(/alarm +greenhouse\S+ +not in sync, down +3 +\? +0 +5 s ago/);
    expect(text).toContain('main: 1,200 messages let go by retention here');
    expect(text).toContain('main: 1 message missing, and held by no peer');
  });
});
