import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dashboard } from '../../../node/dashboard/index.ts';
import { HttpGateway } from '../../../node/gateways/http/index.ts';
import { writeTokens } from '../../../node/gateways/http/tokens/token-file.ts';
import { makeToken } from '../../../node/gateways/http/tokens/token-text.ts';
import { silentLog } from '../../../src/errors/index.ts';
import type { ChannelStatus, DeliveredMessage, EpochId, NodeId, PeerStatus } from '../../../src/index.ts';
import { FakeDevices, sampleDevice, samplePort } from '../../unit/node/fake-devices.ts';
import { FakeMesh } from '../../unit/node/fake-mesh.ts';

/** How large the node's world is. */
export interface BusyNodeOptions {
  readonly peers: number;
  readonly topics: number;
  /** What may be done without a token. @defaultValue `'publish'` */
  readonly local?: 'publish' | 'read' | 'none';
}

const NAMES = ['barn', 'field', 'greenhouse', 'house', 'mill', 'orchard', 'pump', 'river', 'silo', 'stable'];
const KINDS = ['temp', 'humidity', 'soil', 'light', 'battery', 'rain', 'wind', 'pressure', 'flow', 'level'];
const DAY_MS = 86_400_000;

/**
 * A node with more peers and topics than a test can start processes for, served by the real gateway, its real routes and its
 * real live stream; only the mesh below them is made up. What it says depends on nothing but its options and the time.
 */
export class BusyNode {
  readonly mesh: BusyMesh;
  readonly gateway: HttpGateway;

  readonly #directory: string;

  private constructor(mesh: BusyMesh, gateway: HttpGateway, directory: string) {
    this.mesh = mesh;
    this.gateway = gateway;
    this.#directory = directory;
  }

  static async start({ local = 'publish', ...options }: BusyNodeOptions): Promise<BusyNode> {
    const mesh = new BusyMesh(options);
    const devices = new FakeDevices();
    devices.deviceList = deviceList();
    devices.portList = [
      samplePort(),
      samplePort({
        path: '/dev/ttyACM0',
        state: 'closed',
        deviceId: null,
        device: null,
        problem: { code: 'serial.port-missing', detail: 'no such file' },
      }),
    ];
    const startedAtMs = Date.now() - 3 * DAY_MS;
    const api = {
      mesh,
      devices,
      mqtt: mqttOf() as never,
      bridges: { status: () => [bridge()] } as never,
      telemetry: { snapshot: async () => telemetryOf(mesh) } as never,
      alerts: { report: () => alertReport() } as never,
      log: silentLog,
      agentFacts: () => ({
        version: '0.4.0',
        nodeVersion: process.versions.node,
        pid: 4_711,
        directory: '/var/lib/sedge',
        startedAtMs,
        serial: ['/dev/ttyUSB0', '/dev/ttyACM0'],
        mqtt: { listening: ['127.0.0.1:1883'] },
        http: ['http://127.0.0.1:8420'],
      }),
      onStop: () => {},
    };
    const directory = await mkdtemp(join(tmpdir(), 'sedge-busy-'));
    const gateway = new HttpGateway(
      { listeners: [{ host: '127.0.0.1', port: 0 }], local },
      { api, plugins: [dashboard], directory, log: silentLog, nowMs: Date.now },
    );
    await gateway.start();
    return new BusyNode(mesh, gateway, directory);
  }

  get url(): string {
    return this.gateway.addresses()[0]!;
  }

  /** A token that reads. */
  async token(): Promise<string> {
    const { id, hash, text } = makeToken();
    const kept = { id, name: 'page', hash, scopes: ['read' as const], createdAtMs: 0, expiresAtMs: null };
    await writeTokens(this.#directory, new Map([[id, kept]]));
    return text;
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await rm(this.#directory, { recursive: true });
  }
}

/** A mesh that says of itself what it was made with. */
export class BusyMesh extends FakeMesh {
  override readonly name = 'gateway' as never;
  readonly topics: readonly string[];
  readonly #nodes: readonly { readonly node: NodeId; readonly name: string }[];
  readonly #startedAtMs = Date.now();
  #seq = 0;

  constructor({ peers, topics }: BusyNodeOptions) {
    super();
    this.#nodes = Array.from({ length: peers }, (_, index) => ({
      node: `12D3KooW${String(index).padStart(44, 'x')}` as NodeId,
      name: `${NAMES[index % NAMES.length]}-${Math.floor(index / NAMES.length) + 1}`,
    }));
    this.topics = Array.from({ length: topics }, (_, index) => topicOf(index));
  }

  /** Publishes a value for topics from one place on, each by one of the nodes. */
  say(first: number, count: number): void {
    for (let index = first; index < first + count; index++) {
      const topic = this.topics[index % this.topics.length]!;
      this.log.push(this.#message(topic, payloadOf(index % this.topics.length, ++this.#seq)));
    }
    for (const subscription of this.open) subscription.wake();
  }

  /** Ends the subscriptions, as if the mesh had gone. */
  async dropReaders(): Promise<void> {
    for (const subscription of [...this.open]) await subscription.close();
  }

  override status(): ReturnType<FakeMesh['status']> {
    const peers: readonly PeerStatus[] = this.peers();
    return {
      ...super.status(),
      name: this.name,
      startedAtMs: this.#startedAtMs - 3 * DAY_MS,
      addresses: ['/ip4/192.168.1.20/tcp/7600'],
      peersConnected: peers.length,
      peersKnown: peers.length,
      channels: this.channels(),
      storageBytesMax: 4_000_000_000,
      problems: [],
    };
  }

  override channels(): never {
    const held = 1_204_331 + this.#seq;
    const kept = { 'let-go': 0 } as never;
    const channels: ChannelStatus[] = [
      {
        channel: '$realm',
        filter: '$realm/#',
        logs: 3,
        entries: 61,
        messages: 61,
        bytes: 48_120,
        gaps: 0,
        oldestAgeMs: 90 * DAY_MS,
        policy: {},
        dropped: kept,
        offset: '1:61',
        losses: [],
      },
      {
        channel: 'alarm',
        filter: 'alarm/#',
        logs: 12,
        entries: 230,
        messages: 230,
        bytes: 61_000,
        gaps: 0,
        oldestAgeMs: 41 * DAY_MS,
        policy: { retentionSeconds: 90 * 86_400 },
        dropped: kept,
        offset: '1:230',
        losses: [],
      },
      {
        channel: 'main',
        filter: null,
        logs: 51,
        entries: 402_118,
        messages: held,
        bytes: 311_884_120,
        gaps: 2,
        oldestAgeMs: 7 * DAY_MS,
        policy: { retentionSeconds: 7 * 86_400, retentionBytes: 1_000_000_000 },
        dropped: { age: 88_120 } as never,
        offset: '1:402118',
        losses: [{ why: 'held-elsewhere', messages: 14 }],
      },
    ];
    return channels as never;
  }

  override peers(): never {
    // The last tenth is away; of the rest one is silent and two are behind.
    const peers = this.#nodes
      .slice(0, Math.ceil(this.#nodes.length * 0.86))
      .map(({ node, name }, index): PeerStatus => {
        const silent = index === 7;
        const behind = index === 3 || index === 11;
        const nowMs = Date.now();
        const channel = (
          one: string,
          state: 'in-sync' | 'apart' | 'unknown',
          missingHere = 0,
          missingThere = 0,
        ) => {
          return {
            channel: one,
            state,
            missingHere,
            missingThere,
            givenUp: 0,
            inSyncAtMs: nowMs - (behind ? 340_000 : 4_000),
          };
        };
        return {
          node,
          name,
          addresses: [`/ip4/192.168.1.${30 + index}/tcp/7600`],
          source: index % 3 === 0 ? 'given' : 'discovered',
          connected: true,
          latencyMs: Math.round(10 * (1.2 + (index % 9) * 3.7)) / 10,
          sinceMs: nowMs - DAY_MS * (1 + (index % 3)),
          sync: behind ? 'syncing' : 'in-sync',
          inSyncAtMs: nowMs - 4_000,
          health: silent ? 'stalled' : 'ok',
          heardAtMs: nowMs - (silent ? 96_000 : (index % 20) * 1_000),
          channels: [
            channel('$realm', 'in-sync'),
            channel('alarm', index % 5 === 4 ? 'unknown' : 'in-sync'),
            channel('main', behind ? 'apart' : 'in-sync', index === 3 ? 14 : 0, index === 11 ? 1_820 : 0),
          ],
          failedDials: 0,
          lastError: null,
        };
      });
    return peers as never;
  }

  /** Met once, and not there now. */
  override absentPeers(): never {
    const gone = this.#nodes.slice(Math.ceil(this.#nodes.length * 0.96));
    return gone.map(
      ({ node, name }): PeerStatus => ({
        node,
        name,
        addresses: [],
        source: 'inbound',
        connected: false,
        latencyMs: null,
        sinceMs: null,
        sync: 'unknown',
        inSyncAtMs: null,
        health: 'down',
        heardAtMs: Date.now() - 7_200_000,
        channels: [],
        failedDials: 0,
        lastError: null,
      }),
    ) as never;
  }

  /** The newest values of one topic, newest first; what a page of the real one would hold. */
  override async history(filters: string | readonly string[] = []): Promise<never> {
    const topics = new Set([filters].flat());
    const messages = this.log.filter((one) => one.kind === 'message' && topics.has(one.topic));
    return { messages: messages.slice(-200).reverse(), cursor: 'end', more: false } as never;
  }

  override realm(): never {
    const nodes = [{ node: this.node, name: this.name }, ...this.#nodes].map((one) => ({
      ...one,
      role: 'member',
      status: 'granted',
      grantedAtMs: 1_790_000_000_000,
      invite: null,
    }));
    return { ...super.realm(), name: 'farm', role: 'root', nodes } as never;
  }

  override gaps(): never {
    const author = this.#nodes[3]?.node ?? this.node;
    const name = this.#nodes[3]?.name ?? this.name;
    return [
      { channel: 'main', author, name, epoch: '00112233aabbccdd', first: 88_120, last: 88_131 },
      { channel: 'main', author, name, epoch: '00112233aabbccdd', first: 88_140, last: 88_141 },
    ] as never;
  }

  #message(topic: string, payload: string): DeliveredMessage {
    const index = this.#seq % Math.max(1, Math.ceil(this.#nodes.length * 0.92));
    const { node, name } = this.#nodes[index] ?? { node: this.node, name: this.name };
    return {
      kind: 'message',
      author: node,
      name,
      channel: 'main',
      epoch: '00112233aabbccdd' as EpochId,
      seq: this.#seq,
      timeMs: Date.now(),
      offset: `0011223344556677:${this.#seq}`,
      late: false,
      topic,
      payload: Buffer.from(payload),
    };
  }
}

function topicOf(index: number): string {
  const kind = KINDS[index % KINDS.length];
  const place = NAMES[Math.floor(index / KINDS.length) % NAMES.length];
  return `site/${place}/sensor-${Math.floor(index / (KINDS.length * NAMES.length)) + 1}/${kind}`;
}

/** A wave of its own for each topic; each tenth says it in JSON. */
function payloadOf(index: number, seq: number): string {
  const value = (20 + (index % 13) + 4 * Math.sin(Date.now() / 20_000 + index)).toFixed(1);
  return index % 10 === 1 ? JSON.stringify({ value: Number(value), battery: 2.9, seq }) : value;
}

function deviceList() {
  const nowMs = Date.now();
  return [
    sampleDevice({ name: 'uno-greenhouse', lastHeardMs: nowMs - 900, readings: 182_210 }),
    sampleDevice({
      id: '5e09e00000000002',
      name: 'uno-pump',
      state: 'silent',
      lastHeardMs: nowMs - 140_000,
      lost: 3,
    }),
    sampleDevice({
      id: '5e09e00000000003',
      name: 'microbit-3',
      state: 'offline',
      lastHeardMs: nowMs - 8 * 3_600_000,
      port: null,
    }),
  ];
}

function mqttOf() {
  const client = {
    clientId: 'zigbee2mqtt',
    user: 'z2m',
    connected: true,
    address: '192.168.1.44',
    version: '5',
    subscriptions: [{ filter: 'zigbee2mqtt/#', qos: 1 }],
    inflight: 0,
    disconnectedAtMs: null,
    expiresAtMs: null,
  };
  const away = {
    ...client,
    clientId: 'tasmota-4F21',
    user: null,
    connected: false,
    address: null,
    version: null,
    disconnectedAtMs: Date.now() - 3_600_000,
    subscriptions: [{ filter: 'cmnd/plug-1/+', qos: 0 }],
  };
  return {
    status: () => ({
      listening: ['127.0.0.1:1883'],
      connections: 1,
      sessions: 2,
      counters: { connectionsRefused: 4 },
    }),
    clients: () => [client, away],
  };
}

function bridge() {
  return {
    name: 'cloud',
    url: 'mqtts://broker.example.org',
    role: 'carrier',
    carrier: 'gateway',
    link: {},
    session: null,
    waiting: 0,
    counters: {},
    alarms: [],
  };
}

function alertReport() {
  const nowMs = Date.now() - (Date.now() % 60_000);
  return {
    alerts: [
      {
        id: 'topic-silent-1',
        rule: 'river-level',
        watch: 'topic-silent',
        severity: 'alarm',
        subject: 'site/river/sensor-1/level',
        state: 'firing',
        sentence: 'site/river/sensor-1/level was not heard for 34 min (limit 15 min).',
        next: 'Look at the sensor, then: `sedge sub site/river/#`',
        value: 2_040,
        limit: 900,
        occurrence: 2,
        sinceMs: nowMs - 2_040_000,
        firedAtMs: nowMs - 1_140_000,
        endedAtMs: null,
        acknowledged: null,
      },
      {
        id: 'peer-silent-1',
        rule: 'peer-silent',
        watch: 'peer-silent',
        severity: 'warning',
        subject: 'river-5',
        state: 'firing',
        sentence: 'river-5 is silent for 2 h.',
        next: '`sedge peers`',
        value: 7_200,
        limit: 3_600,
        occurrence: 1,
        sinceMs: nowMs - 7_200_000,
        firedAtMs: nowMs - 3_600_000,
        endedAtMs: null,
        acknowledged: { by: 'ana', atMs: nowMs, note: 'battery is being changed' },
      },
      {
        id: 'disk-1',
        rule: 'disk',
        watch: 'disk',
        severity: 'warning',
        subject: '',
        state: 'ended',
        sentence: 'The disk was 91 % full.',
        next: '',
        value: 0.8,
        limit: 0.9,
        occurrence: 1,
        sinceMs: nowMs - DAY_MS,
        firedAtMs: nowMs - DAY_MS,
        endedAtMs: nowMs - DAY_MS / 2,
        acknowledged: null,
      },
    ],
    counts: { firing: 2, unacknowledged: 1, pending: 0 },
    rules: [{ rule: 'peer-silent' }, { rule: 'disk' }, { rule: 'river-level' }],
    others: [],
    webhooks: [],
    damagedFile: null,
  };
}

function telemetryOf(mesh: BusyMesh) {
  const flow = (total: number, perSecond: number) => ({ total, perSecond });
  const wave = 1 + 0.2 * Math.sin(Date.now() / 9_000);
  const channels = mesh.channels() as readonly ChannelStatus[];
  return {
    atMs: Date.now(),
    uptimeMs: 3 * DAY_MS,
    ratesOverMs: 10_000,
    messages: {
      published: flow(96_120, 11.2 * wave),
      received: flow(1_820_114, 214 * wave),
      delivered: flow(4_020_991, 430),
    },
    channels: channels.map(({ channel, messages, bytes, gaps }) => {
      const share = channel === 'main' ? 1 : channel === 'alarm' ? 0.001 : 0;
      return {
        channel,
        published: flow(0, 11 * share * wave),
        received: flow(0, 213 * share * wave),
        delivered: flow(0, 0),
        stored: flow(0, 21_400 * share),
        messages,
        bytes,
        bytesMax: null,
        gaps,
        dropped: {},
      };
    }),
    peers: [],
    disk: {
      journalBytes: 311_993_240,
      journalBytesMax: 4_000_000_000,
      freeBytes: 21_400_000_000,
      totalBytes: 31_000_000_000,
      written: flow(8_120_000_000, 41_000),
      writtenBytesPerMessage: 310,
    },
    card: {
      device: 'mmcblk0',
      bytes: 31_900_000_000,
      enduranceCycles: 1_000,
      writeAmplification: 3,
      wornFraction: null,
      writtenBytesPerSecond: 66_000,
      measuredOverMs: DAY_MS,
      writtenBy: 'all',
      agentBytesPerSecond: 41_000,
      remainingSeconds: 5.1 * 31_557_600,
    },
    process: {
      residentBytes: 92_000_000 + 2_000_000 * wave,
      heapUsedBytes: 31_000_000,
      heapTotalBytes: 42_000_000,
      externalBytes: 4_000_000,
      cpu: 0.061,
      eventLoopLagMs: 0.8,
      eventLoopLagMsMax: 14,
    },
    drops: { 'entry.known': 812, 'gossip.bad-signature': 0 },
  };
}
