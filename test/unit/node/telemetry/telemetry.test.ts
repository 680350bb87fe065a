import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { peerTelemetry } from '../../../../node/telemetry/peer-telemetry.ts';
import { Telemetry } from '../../../../node/telemetry/telemetry.ts';
import { type ChannelStatus, initRealmDirectory, type Mesh, openMesh } from '../../../../src/index.ts';

let directory: string;
let mesh: Mesh;
let telemetry: Telemetry;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-telemetry-'));
  await initRealmDirectory(directory, { realmName: 'farm', nodeName: 'gateway' });
  mesh = await openMesh({ directory, mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] });
  await mesh.start();
  telemetry = new Telemetry({ directory, mesh, nowMs: Date.now });
  telemetry.start();
});

afterAll(async () => {
  telemetry.stop();
  await mesh.stop();
  await rm(directory, { recursive: true });
});

it('tells of messages by channel, the disk, the card and the process', async () => {
  const subscription = mesh.subscribe('site/#');
  await mesh.publishMany(
    Array.from({ length: 20 }, (_, n) => ({ topic: 'site/temp', payload: `reading ${n}` })),
  );
  const taken: unknown[] = [];
  while (taken.length < 20) taken.push(...(await subscription.nextBatch(20)));
  await subscription.close();

  // What was asked for a moment ago comes again.
  await vi.waitFor(async () => {
    const main = (await telemetry.snapshot()).channels.find(({ channel }) => channel === 'main');
    expect(main?.delivered.total).toBe(20);
  });
  const { channels, messages, disk, card, process: own, peers, drops } = await telemetry.snapshot();
  const main = channels.find(({ channel }) => channel === 'main')!;
  expect(main.published.total).toBe(20);
  expect(main.published.perSecond).toBeGreaterThan(0);
  expect(main.messages).toBe(20);
  expect(main.stored.total).toBeGreaterThan(20 * 'reading 1'.length);
  expect(messages.delivered.total).toBe(20);
  expect(disk.journalBytes).toBeGreaterThanOrEqual(main.bytes);
  expect(disk.freeBytes).toBeGreaterThan(0);
  expect(card.bytes).toBeGreaterThan(0);
  expect(card.enduranceCycles).toBe(1_000);
  expect(own.residentBytes).toBeGreaterThan(own.heapUsedBytes / 2);
  expect(peers).toEqual([]);
  expect(drops).toEqual({});
});

it('gives all who ask at once the same', async () => {
  const [one, other] = await Promise.all([telemetry.snapshot(), telemetry.snapshot()]);
  expect(one).toBe(other);
});

it('foretells for each peer and channel when retention takes what it lacks', () => {
  const step = { state: 'apart', missingHere: 2, missingThere: 50, givenUp: 0, inSyncAtMs: 400_000 } as const;
  const peer = {
    node: 'node-barn',
    name: 'barn',
    connected: false,
    health: 'down',
    latencyMs: null,
    channels: [
      { channel: 'main', ...step },
      { ...step, channel: 'alarm', state: 'in-sync', missingHere: 0, missingThere: 0 },
      { channel: 'bulk', ...step, missingHere: 0 },
    ],
  };
  const channel = (name: string, policy: ChannelStatus['policy']): [string, ChannelStatus] => [
    name,
    { channel: name, policy, messages: 100, bytes: 10_000, oldestAgeMs: 900_000 } as ChannelStatus,
  ];
  const [barn] = peerTelemetry([peer as never], {
    channels: new Map([
      channel('main', { retentionSeconds: 3_600 }),
      channel('alarm', {}),
      channel('bulk', { retentionMessages: 60 }),
    ]),
    storageBytesMax: null,
    nowMs: 1_000_000,
    growth: () => ({ bytesPerSecond: 10, messagesPerSecond: 0.1 }),
  });
  expect(barn).toMatchObject({ missingHere: 2, missingThere: 100, lossInMs: 100_000 });
  expect(barn!.backlog).toEqual([
    { channel: 'main', missingHere: 2, missingThere: 50, lossInMs: 3_000_000, lossBy: 'age' },
    { channel: 'bulk', missingHere: 0, missingThere: 50, lossInMs: 100_000, lossBy: 'messages' },
  ]);
});
