import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeviceFeed } from '../../../firmware-bridge/host/bridge/device-feed.ts';
import { MeshIntake } from '../../../firmware-bridge/host/bridge/mesh-intake.ts';
import { DeviceBook, type DeviceDraft } from '../../../firmware-bridge/host/devices/index.ts';
import type {
  DeviceFacts,
  DeviceId,
  GapEffect,
  ReadingEffect,
} from '../../../firmware-bridge/host/session/index.ts';
import { type PublishOptions, SedgeError, silentLog } from '../../../src/index.ts';

const ID = '00112233445566aa' as DeviceId;
const NOW_MS = 1_700_000_000_000;

interface Sent {
  readonly topic: string;
  readonly text: string;
  readonly options: PublishOptions;
}

/** A mesh that remembers what it took, and by which ids. */
function meshOf() {
  const sent: Sent[] = [];
  const known = new Set<string>();
  return {
    sent,
    known,
    name: 'pi',
    publish: async (topic: string, payload: Uint8Array | string, options: PublishOptions = {}) => {
      const { id } = options;
      sent.push({ topic, text: Buffer.from(payload as Uint8Array).toString(), options });
      // A little later than it was asked, as a disk is.
      await new Promise((resolve) => process.nextTick(resolve));
      if (id !== undefined) known.add(`${id.producer} ${id.n}`);
    },
    findPublished: async ({ producer, n }: { producer: string; n: number }) =>
      known.has(`${producer} ${n}`) ? { channel: 'main', epoch: 'e', seq: 1 } : null,
    publishedBy: async (producer: string, { from }: { from: number }) => {
      const ids = [...known].map((id) => id.split(' ')).filter(([of]) => of === producer);
      const numbers = ids.map(([, n]) => Number(n)).filter((n) => n >= from);
      return numbers.length === 0 ? [] : [{ publishId: { producer, n: Math.max(...numbers) } }];
    },
  };
}

const facts: DeviceFacts = {
  id: ID,
  firmware: 3,
  epoch: 5,
  session: 1,
  signs: false,
  sleeps: false,
  mtu: 64,
  window: 4,
  resetCause: 'power',
  topicsCrc: 1,
  queued: 0,
  dropped: 0,
  silenceSeconds: 0,
};

function reading(counter: number, more: Partial<ReadingEffect> = {}): ReadingEffect {
  return {
    kind: 'reading',
    ticket: counter as ReadingEffect['ticket'],
    deviceId: ID,
    epoch: 5,
    counter,
    topic: { id: 1, kind: 'reading', name: 'green/temp', type: 'float', unit: 'Cel' },
    uptimeMs: counter * 1_000,
    heardAtMs: 50_000,
    payload: Buffer.from('21.1'),
    contentType: null,
    value: Uint8Array.of(0xfa, 0x41, 0xa8, 0xcc, 0xcd),
    signature: null,
    isKnown: false,
    ...more,
  };
}

function gap(first: number, last: number | null, more: Partial<GapEffect> = {}): GapEffect {
  return {
    kind: 'gap',
    ticket: 1 as GapEffect['ticket'],
    deviceId: ID,
    epoch: 5,
    first,
    last,
    reason: 'lost',
    ...more,
  };
}

describe('what a device says, on its way into the mesh', () => {
  let folder: string;
  let mesh: ReturnType<typeof meshOf>;
  let book: DeviceBook;
  let elapsedMs: number;
  let intake: MeshIntake;
  let warnings: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sedge-feed-'));
    mesh = meshOf();
    elapsedMs = 50_000;
    warnings = [];
  });
  afterEach(() => {
    intake.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function feedOf(more: Partial<DeviceDraft> = {}): Promise<DeviceFeed> {
    const nowMs = () => NOW_MS;
    book = await DeviceBook.open(folder, { log: silentLog, nowMs });
    await book.add({ id: ID, name: 'uno-1', key: new Uint8Array(16), ...more });
    const publish = mesh.publish as never;
    intake = new MeshIntake({ mesh: { publish }, log: silentLog, onRoom: () => {} });
    const { findPublished, publishedBy } = mesh as never as Record<string, never>;
    const feed = new DeviceFeed(ID, {
      book,
      intake,
      mesh: { name: 'pi', findPublished: findPublished!, publishedBy: publishedBy! },
      ack: 'durable',
      log: { ...silentLog, warn: (_, sentence) => warnings.push(sentence) },
      nowMs,
      elapsedMs: () => elapsedMs,
    });
    feed.greet(facts, '/dev/ttyUSB0');
    return feed;
  }

  const sentTo = (topic: string) => mesh.sent.filter((one) => one.topic === topic);
  const bodies = (topic: string) => sentTo(topic).map(({ text }) => JSON.parse(text));

  it('tells nothing lost that came after a long gap, where the device forgot its last number', async () => {
    const feed = await feedOf();
    feed.greet(facts, '/dev/x');
    void feed.takeGap(gap(1, 80, { reason: 'buffer-full' }));
    void feed.take(reading(81));
    const reboot = feed.takeGap(gap(1, null, { reason: 'reset' }));
    expect(await reboot).toBe('done');
    const gaps = mesh.sent.filter(({ topic }) => topic.endsWith('/gap')).map(({ text }) => JSON.parse(text));
    expect(gaps).toMatchObject([
      { first: 1, last: 80, reason: 'buffer-full' },
      { first: 82, last: null, reason: 'reset' },
    ]);
  });

  it('is a message with its name, its origin and its time by the host', async () => {
    const feed = await feedOf({ prefix: 'site' });
    feed.noteTime({ epoch: 5, sentAtMs: 40_000, heardAtMs: 40_010, uptimeMs: 10_000 });
    expect(await feed.take(reading(7))).toBe('done');
    expect(mesh.sent).toEqual([
      {
        topic: 'site/green/temp',
        text: '21.1',
        options: {
          ack: 'durable',
          id: { producer: `serial/${ID}/5`, n: 7 },
          origin: {
            device: ID,
            epoch: 5,
            counter: 7,
            uptimeMs: 7_000,
            timeMs: NOW_MS - 50_000 + 40_005 - 3_000,
            uncertaintyMs: 66,
            topic: 'green/temp',
          },
        },
      },
    ]);
  });

  it('says that its time is not known before there was an exchange', async () => {
    const feed = await feedOf();
    await feed.take(reading(1));
    expect(mesh.sent[0]!.options.origin).toMatchObject({ timeMs: NOW_MS, uncertaintyMs: 2 ** 32 });
  });

  it('is published once where it comes again while it is under way, and not where it is known', async () => {
    const feed = await feedOf();
    expect(await Promise.all([feed.take(reading(1)), feed.take(reading(1))])).toEqual(['done', 'done']);
    expect(await feed.take(reading(2, { isKnown: true }))).toBe('done');
    expect(mesh.sent).toHaveLength(1);
    expect(feed.counts).toMatchObject({ readings: 1, duplicates: 2 });
  });

  it('moves the mark of the book in order alone', async () => {
    const feed = await feedOf();
    await feed.take(reading(2));
    expect(book.get(ID)!.readingsDone).toBe(0);
    await feed.take(reading(1));
    expect(book.get(ID)!.readingsDone).toBe(2);
    await feed.takeGap(gap(3, 9));
    expect(book.get(ID)!.readingsDone).toBe(9);
  });

  it('tells of a gap only what is not in the mesh', async () => {
    const feed = await feedOf();
    for (const n of [2, 3]) mesh.known.add(`serial/${ID}/5 ${n}`);
    expect(await feed.takeGap(gap(1, 5))).toBe('done');
    expect(bodies('devices/uno-1/gap')).toEqual([
      { epoch: 5, first: 1, last: 1, count: 1, reason: 'lost' },
      { epoch: 5, first: 4, last: 5, count: 2, reason: 'lost' },
    ]);
    expect(feed.counts.lost).toBe(3);
    expect(sentTo('devices/uno-1/gap')[0]!.options.id).toEqual({ producer: `serial/${ID}/5/gap`, n: 1 });
  });

  it('tells of a gap that has grown since a crash only the rest', async () => {
    const feed = await feedOf();
    await feed.takeGap(gap(1, 5, { reason: 'buffer-full' }));
    await feed.takeGap(gap(1, 9, { reason: 'buffer-full' }));
    await feed.takeGap(gap(1, 9, { reason: 'buffer-full' }));
    expect(bodies('devices/uno-1/gap').map(({ first, last }) => [first, last])).toEqual([
      [1, 5],
      [6, 9],
    ]);
    expect(feed.counts.lost).toBe(9);
  });

  it('tells nothing twice of two gaps that come at once', async () => {
    const feed = await feedOf();
    const gaps = [gap(3, 5, { epoch: 4, reason: 'reset' }), gap(3, null, { epoch: 4, reason: 'reset' })];
    await Promise.all(gaps.map((one) => feed.takeGap(one)));
    expect(bodies('devices/uno-1/gap').map(({ first, last }) => [first, last])).toEqual([
      [3, 5],
      [6, null],
    ]);
  });

  it('tells of epochs of which nothing was heard one by one, and of each once however they come', async () => {
    const feed = await feedOf();
    const reset = { epoch: 3, reason: 'reset' } as const;
    await feed.takeGap(gap(1, 73, { ...reset, epoch: 4 }));
    await feed.takeGap(gap(5, null, reset));
    await feed.takeGap(gap(5, null, { ...reset, throughEpoch: 6 }));
    const told = bodies('devices/uno-1/gap').map(({ epoch, first, last }) => [epoch, first, last]);
    // The mesh drops what has an id that it knows: the third is the second once more.
    expect(told).toEqual([
      [4, 1, 73],
      [3, 5, null],
      [3, 5, null],
      [4, 74, null],
      [5, 1, null],
      [6, 1, null],
    ]);
    const ids = sentTo('devices/uno-1/gap').map(({ options }) => `${options.id?.producer} ${options.id?.n}`);
    expect(ids[2]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(5);
  });

  it('tells of very many epochs in a bounded number of messages', async () => {
    const feed = await feedOf();
    await feed.takeGap(gap(1, null, { epoch: 1, throughEpoch: 100_000, reason: 'reset' }));
    const told = bodies('devices/uno-1/gap');
    expect(told).toHaveLength(65);
    expect(told.at(-1)).toMatchObject({ epoch: 65, throughEpoch: 100_000, first: 1, last: null });
  });

  it('tells of a gap of an earlier epoch without moving the mark of this one', async () => {
    const feed = await feedOf();
    await feed.takeGap(gap(8, null, { epoch: 4, reason: 'reset' }));
    expect(bodies('devices/uno-1/gap')).toEqual([
      { epoch: 4, first: 8, last: null, count: null, reason: 'reset' },
    ]);
    expect(book.get(ID)!.readingsDone).toBe(0);
  });

  describe('that has to sign', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const signingKey = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));

    /** CBOR `["sedge-device/1", device, 5, 7, 7000, "green/temp", value]`, by hand. */
    const signed = (value: Uint8Array) =>
      Buffer.concat([
        Buffer.from([0x87, 0x6e]),
        Buffer.from('sedge-device/1'),
        Buffer.from([0x48]),
        Buffer.from(ID, 'hex'),
        Buffer.from([0x05, 0x07, 0x19, 0x1b, 0x58, 0x6a]),
        Buffer.from('green/temp'),
        value,
      ]);
    const signature = Uint8Array.from(sign(null, signed(reading(7).value), privateKey));

    it('is taken with its signature, which others can check', async () => {
      const feed = await feedOf({ signingKey });
      expect(await feed.take(reading(7, { signature }))).toBe('done');
      const { value } = reading(7);
      expect(mesh.sent[0]!.options.origin).toMatchObject({ signature, value });
    });

    it('is refused without one, with another, and under another topic, with an alarm', async () => {
      const feed = await feedOf({ signingKey });
      const other = reading(7, { signature, topic: { ...reading(7).topic, name: 'red/temp' } });
      const changed = reading(7, { signature, value: Uint8Array.of(0x01) });
      expect(await feed.take(reading(7))).toBe('refused');
      expect(await feed.take(changed)).toBe('refused');
      expect(await feed.take(other)).toBe('refused');
      expect(feed.refusals).toMatchObject({ unsigned: 1, 'bad-signature': 2 });
      expect(sentTo('green/temp')).toEqual([]);
      expect(feed.counts.alarms).toBe(3);
    });

    it('keeps its signature also where the book does not ask for one', async () => {
      const feed = await feedOf();
      expect(await feed.take(reading(7, { signature }))).toBe('done');
      expect(mesh.sent[0]!.options.origin).toMatchObject({ signature });
    });
  });

  it.each(['devices/x/command/relay', 'devices', '$realm/x', 'a/+', 'a\0b', '', 'x'.repeat(1_025)])(
    'is refused on the topic %j',
    async (name) => {
      const feed = await feedOf();
      const topic = { ...reading(1).topic, name };
      expect(await feed.take(reading(1, { topic }))).toBe('refused');
      expect(mesh.sent).toEqual([]);
      expect(feed.refusals.topic).toBe(1);
    },
  );

  it('logs refused readings once and not at the rate of the sensor', async () => {
    const feed = await feedOf({ topics: ['other/#'] });
    for (const counter of [1, 2, 3]) {
      await feed.take(reading(counter));
      await feed.takeGap(gap(counter, counter, { reason: 'refused' }));
    }
    expect(warnings).toEqual(['a reading of a device is refused; more of the kind are counted']);
    expect(mesh.sent.filter(({ topic }) => topic === 'devices/uno-1/gap')).toHaveLength(3);
  });

  it('is refused where no filter of the book fits, whatever it is called', async () => {
    const feed = await feedOf({ topics: ['green/+'] });
    expect(await feed.take(reading(1))).toBe('done');
    for (const name of ['red/temp', 'filtered', 'topic']) {
      expect(await feed.take(reading(2, { topic: { ...reading(1).topic, name } }))).toBe('refused');
    }
    expect(feed.refusals.filtered).toBe(3);
  });

  it('tells the first alarm at once, and then how many came, once a minute', async () => {
    const feed = await feedOf();
    for (let alarm = 0; alarm < 5; alarm++) feed.noteAlarm('bad-tag', 2);
    expect(bodies('devices/uno-1/alarm')).toEqual([{ cause: 'bad-tag', count: 2 }]);
    elapsedMs += 59_000;
    feed.tellAlarms();
    expect(bodies('devices/uno-1/alarm')).toHaveLength(1);
    elapsedMs += 1_000;
    feed.tellAlarms();
    feed.tellAlarms();
    expect(bodies('devices/uno-1/alarm').slice(1)).toEqual([{ cause: 'bad-tag', count: 8 }]);
    expect(feed.counts.alarms).toBe(10);
  });

  it('is a retained state with its topics as they are in the mesh', async () => {
    const feed = await feedOf({ prefix: 'site' });
    book.change(ID, {
      topics: [reading(1).topic, { ...reading(1).topic, id: 2, kind: 'command', name: 'relay' }],
    });
    feed.tellState('online');
    const [status] = sentTo('devices/uno-1/status');
    expect(status!.options).toMatchObject({ retain: true });
    expect(JSON.parse(status!.text)).toEqual({
      state: 'online',
      since: NOW_MS,
      port: '/dev/ttyUSB0',
      firmware: 3,
      epoch: 5,
      resetCause: 'power',
      topics: [{ topic: 'site/green/temp', type: 'float', unit: 'Cel' }],
      commands: ['relay'],
      node: 'pi',
    });
    expect(book.get(ID)!.announced).toBe(true);
  });

  it('is tried again while the disk is full, in order, and settled only then', async () => {
    vi.useFakeTimers();
    try {
      const feed = await feedOf();
      const { publish } = mesh;
      mesh.publish = () => Promise.reject(new SedgeError('journal.disk-full'));
      intake = new MeshIntake({
        mesh: { publish: ((...argv: Parameters<typeof publish>) => mesh.publish(...argv)) as never },
        log: silentLog,
        onRoom: () => {},
      });
      const full = new DeviceFeed(ID, {
        book,
        intake,
        mesh: {
          name: 'pi',
          findPublished: mesh.findPublished as never,
          publishedBy: mesh.publishedBy as never,
        },
        ack: 'durable',
        log: silentLog,
        nowMs: () => NOW_MS,
        elapsedMs: () => elapsedMs,
      });
      full.greet(facts, feed.id);
      const taking = [1, 2, 3].map((counter) => full.take(reading(counter)));
      await vi.advanceTimersByTimeAsync(1_500);
      expect(book.get(ID)!.readingsDone).toBe(0);
      mesh.publish = publish;
      await vi.advanceTimersByTimeAsync(1_000);
      expect(await Promise.all(taking)).toEqual(['done', 'done', 'done']);
      expect(mesh.sent.map(({ options }) => options.id?.n)).toEqual([1, 2, 3]);
      expect(book.get(ID)!.readingsDone).toBe(3);
    } finally {
      vi.useRealTimers();
    }
  });
});
