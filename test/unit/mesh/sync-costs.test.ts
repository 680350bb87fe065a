import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Entry, type EntryId, type EpochId, sealEntry } from '../../../src/entry/index.ts';
import { SYNC_DATA_PROTOCOL, SYNC_PROTOCOL } from '../../../src/sync/index.ts';
import { decodeControlFrame, decodeDataFrame } from '../../../src/sync/sync-frames.ts';
import { MeshWorld, until, type WorldNode } from './mesh-world.ts';
import { PassingTime } from './passing-time.ts';

const CHANNELS = [
  { name: 'alarm', filter: 'alarm/#' },
  { name: 'bulk', filter: 'bulk/#' },
];
/** No hello by itself while a test counts. */
const QUIET = { sync: { helloIntervalMs: 3_600_000 } };
const LOGS = 10_000;

/** What went over the sync protocols: frames by kind, bytes by sender, entries, without the grants. */
class Meter {
  kinds: string[] = [];
  readonly bytesBy = new Map<string, number>();
  entryBytes = 0;
  bytes = 0;

  constructor(world: MeshWorld) {
    world.network.passFrame = ({ protocol, from, frame }) => {
      if (protocol === SYNC_PROTOCOL) {
        const decoded = decodeControlFrame(frame);
        if (!decoded.ok || decoded.value.kind === 'grant') return true;
        this.kinds.push(decoded.value.kind);
        this.bytesBy.set(from, (this.bytesBy.get(from) ?? 0) + frame.length);
      }
      if (protocol === SYNC_DATA_PROTOCOL) {
        const decoded = decodeDataFrame(frame);
        if (decoded.ok && decoded.value.kind === 'entries')
          for (const { bytes } of decoded.value.entries) this.entryBytes += bytes.length;
      }
      this.bytes += frame.length;
      return true;
    };
  }

  get overheadBytes(): number {
    return this.bytes - this.entryBytes;
  }

  clear(): void {
    this.kinds = [];
    this.bytesBy.clear();
    this.bytes = 0;
    this.entryBytes = 0;
  }
}

describe('what sync costs', () => {
  let world: MeshWorld;
  let a: WorldNode;
  let b: WorldNode;
  let meter: Meter;

  beforeEach(async () => {
    world = new MeshWorld({ channels: CHANNELS });
    a = await world.node('a', QUIET);
    b = await world.node('b', QUIET);
    await world.link(a, b);
    for (const node of [a, b])
      await until(() => node.mesh.channels().length === 4, `${node.place.nodeName} has all channels`);
  });

  afterEach(() => world.stop());

  /** An entry of a log of its own, as if node a had begun that epoch. */
  function entryOf(log: number, seq = 1, prev: EntryId | null = null): Entry {
    return sealEntry(
      {
        channel: 'main',
        epoch: log.toString(16).padStart(16, '0') as EpochId,
        ...{ seq, skip: 0, prev, lamport: 1, timeMs: 1, ttlSeconds: 0 },
        messages: [{ topic: 't', payload: Buffer.from(String(log)), timeMs: 1 }],
      },
      a.place.identity,
      a.realm.entryAad(),
    );
  }

  const rootOf = (node: WorldNode) => node.mesh.channels().find(({ channel }) => channel === 'main')!.logs;

  async function seed(): Promise<Entry[]> {
    world.network.passGossip = () => false;
    const entries = Array.from({ length: LOGS }, (_, log) => entryOf(log));
    for (const { bytes } of entries) for (const node of [a, b]) node.gossipIn(bytes);
    for (const node of [a, b]) await until(() => rootOf(node) >= LOGS, 'all logs are in', 60_000);
    return entries;
  }

  const isInSync = (node: WorldNode) =>
    node.mesh.peers().some(({ sync, connected }) => connected && sync === 'in-sync');
  const inSync = () => [a, b].every(isInSync);

  async function reconnect(): Promise<void> {
    world.cut(a, b);
    await until(() => a.mesh.status().peersConnected === 0, 'cut');
    meter.clear();
    world.heal(a, b);
    await until(inSync, 'in sync');
    await settle();
  }

  /** Until nothing more goes to and fro. */
  async function settle(): Promise<void> {
    for (let before = -1; before !== meter.bytes; ) {
      before = meter.bytes;
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
  }

  it('is one hello of at most 200 bytes each way in sync, with 10,000 logs and 4 channels', async () => {
    await seed();
    meter = new Meter(world);
    // The first meeting after the seed compares; then both know.
    await reconnect();
    await reconnect();
    expect(meter.kinds).toEqual(['hello', 'hello']);
    for (const bytes of meter.bytesBy.values()) expect(bytes).toBeLessThanOrEqual(200);
    console.log('in sync:', [...meter.bytesBy.values()], 'bytes');
    expect(meter.overheadBytes).toBe(meter.bytesBy.get(a.mesh.node)! + meter.bytesBy.get(b.mesh.node)!);
  }, 60_000);

  it('is at most 2 KB where one of 10,000 logs differs, with a cursor and without', async () => {
    const entries = await seed();
    meter = new Meter(world);
    await reconnect();
    const differ = async (log: number, at: WorldNode) => {
      world.cut(a, b);
      await until(() => a.mesh.status().peersConnected === 0, 'cut');
      at.gossipIn(entryOf(log, 2, entries[log]!.id).bytes);
      await until(() => at.mesh.logs().some(({ last, channel }) => channel === 'main' && last === 2), 'in');
      const before = [a, b].map((node) => node.mesh.logs().filter(({ last }) => last === 2).length);
      await reconnect();
      const after = [a, b].map((node) => node.mesh.logs().filter(({ last }) => last === 2).length);
      expect(after).toEqual([Math.max(...before), Math.max(...before)]);
    };
    await differ(5_000, a);
    console.log('with a cursor:', meter.overheadBytes, 'bytes', meter.kinds);
    expect(meter.kinds).not.toContain('reconcile');
    expect(meter.overheadBytes).toBeLessThanOrEqual(2_000);
    // What a remembers of b, and b of a, is gone: neither has a cursor.
    for (const node of [a, b]) {
      await node.mesh.stop();
      await node.disk.remove(`${node.place.directory}/sync-cursors`);
      await node.restart();
    }
    meter.clear();
    await until(inSync, 'in sync');
    await settle();
    for (const node of [a, b]) {
      await node.mesh.stop();
      await node.disk.remove(`${node.place.directory}/sync-cursors`);
    }
    world.network.cut(a.overlay, b.overlay);
    await a.restart();
    await b.restart();
    await differ(7_777, b);
    console.log('without a cursor:', meter.overheadBytes, 'bytes', meter.kinds);
    expect(meter.kinds).toContain('reconcile');
    expect(meter.overheadBytes).toBeLessThanOrEqual(2_000);
  }, 120_000);

  it('stays small between nodes that never come to hold the same', async () => {
    const time = new PassingTime();
    const skew = { ...QUIET, skewMs: () => time.passedMs };
    world.cut(a, b);
    const old = await world.node('old', { ...skew, mesh: { retention: { main: { ttlSeconds: 60 } } } });
    const young = await world.node('young', skew);
    world.network.passGossip = () => false;
    // So that the author of the logs is known.
    await world.link(a, old);
    world.cut(a, old);
    for (let log = 0; log < 500; log++) old.gossipIn(entryOf(log).bytes);
    await until(() => rootOf(old) >= 500, 'all logs are in');
    time.passedMs = 120_000;
    await world.link(old, young);
    expect(rootOf(young)).toBeLessThan(10);
    meter = new Meter(world);
    const meet = async () => {
      world.cut(old, young);
      await until(() => young.mesh.status().peersConnected === 0, 'cut');
      meter.clear();
      world.heal(old, young);
      await until(() => isInSync(old) && isInSync(young), 'in sync');
      await settle();
    };
    await meet();
    expect(meter.kinds).toEqual(['hello', 'hello']);
    world.cut(old, young);
    await old.mesh.publish('t', 'news');
    await meet();
    console.log('with 500 logs that differ for good, for one message:', meter.overheadBytes, 'bytes');
    expect(young.mesh.channels().find(({ channel }) => channel === 'main')!.messages).toBe(1);
    expect(meter.overheadBytes).toBeLessThan(1_500);
    await old.restart();
    await young.restart();
    meter.clear();
    await until(() => isInSync(old) && isInSync(young), 'in sync after a restart');
    await settle();
    expect(meter.kinds).toEqual(['hello', 'hello']);
  }, 60_000);

  it.each([
    ['batched', 100_000, 5],
    ['one an entry', 5_000, 4],
  ] as const)(
    'is a few percent over the entries themselves for messages that are missing, %s',
    async (how, count, percent) => {
      meter = new Meter(world);
      world.cut(a, b);
      const message = { topic: 'site/greenhouse/temp', payload: '21.5'.padEnd(64) };
      if (how === 'batched')
        for (let n = 0; n < count; n += 50_000)
          await a.mesh.publishMany(Array.from({ length: 50_000 }, () => message));
      else
        for (let n = 0; n < count; n++)
          await a.mesh.publish(message.topic, message.payload, { ack: 'accepted' });
      await until(() => a.mesh.status().peersConnected === 0, 'cut');
      meter.clear();
      world.heal(a, b);
      const held = () => b.mesh.channels().find(({ channel }) => channel === 'main')!.messages;
      await until(() => held() === count, 'all are in', 60_000);
      await until(inSync, 'in sync');
      await settle();
      const overhead = (meter.overheadBytes / meter.entryBytes) * 100;
      console.log(`${count} messages ${how}: ${overhead.toFixed(2)} % of ${meter.entryBytes} bytes`);
      expect(overhead).toBeLessThan(percent);
    },
    120_000,
  );
});
