import { describe, expect, it } from 'vitest';
import { encodeDeviceValue } from '../../../../firmware-bridge/host/value/index.ts';
import { fromHex } from '../../../../src/bytes/index.ts';
import { drain, numbers, onlineWorld, publish } from './online-world.ts';
import { ScriptedDevice } from './scripted-device.ts';
import { DEVICE_ID, DEVICE_KEY, OTHER_ID, SerialWorld, TOPICS } from './serial-world.ts';

/** 21.1 as float32. */
const TEMPERATURE = fromHex('fa41a8cccd')!;

describe('a session', () => {
  it('greets, verifies, welcomes and learns the topics', () => {
    const world = onlineWorld();
    expect(world.effects.map(({ kind }) => kind).filter((kind) => kind !== 'write')).toEqual([
      'greeting',
      'online',
      'time',
      'topics',
    ]);
    expect(world.of('online')[0]).toMatchObject({
      device: { id: DEVICE_ID, epoch: 1, session: 1, firmware: 0x010203, resetCause: 'power' },
      topics: null,
    });
    expect(world.of('topics')[0]?.topics).toContainEqual({
      id: 1,
      kind: 'reading',
      name: 'greenhouse/temp',
      type: 'float',
      unit: '°C',
    });
    expect(world.session.counters()).toEqual({});
  });

  it('hands on readings in order and once', () => {
    const world = onlineWorld();
    publish(world, 1, 50);
    world.device.publish(2, encodeDeviceValue('open')!, world.nowMs);
    world.device.publish(1, TEMPERATURE, world.nowMs);
    drain(world);
    expect(world.readings()).toEqual([...numbers(1, 50), 'open', '21.1']);
    expect(world.of('reading')[50]).toMatchObject({
      contentType: 'text/plain',
      topic: { name: 'greenhouse/door' },
    });
    expect(world.gaps()).toEqual([]);
    expect(world.alarms()).toEqual({});
  });

  it('keeps an idle line to a frame every two seconds a side, and the clock', () => {
    const world = onlineWorld();
    world.run(10_000);
    world.toHost.bytesSent = 0;
    world.toDevice.bytesSent = 0;
    world.run(60_000);
    // Heartbeats of 8 bytes, two exchanges of the time.
    expect(world.toDevice.bytesSent).toBeLessThan(30 * 8 + 2 * 40);
    expect(world.toHost.bytesSent).toBeLessThan(30 * 8 + 2 * 40);
  });

  it('asks for no topics that the book has', () => {
    const world = onlineWorld();
    world.restartHost();
    expect(world.run(10_000, () => world.of('online').length === 2)).toBe(true);
    world.run(2_000);
    expect(world.of('online')[1]?.topics).toHaveLength(3);
    expect(world.of('topics')).toHaveLength(1);
    publish(world, 1, 1);
    drain(world);
    expect(world.readings()).toEqual(['1']);
  });

  it('acknowledges a reading only when it is durable', () => {
    const world = onlineWorld();
    world.answers = false;
    publish(world, 1, 10);
    world.run(5_000);
    expect(world.device.readings).toHaveLength(10);
    expect(world.readings()).toEqual(numbers(1, 4));
    expect(world.session.counters()['link.duplicate'] ?? 0).toBeLessThan(15);
    for (const { ticket } of world.of('reading')) world.tell({ kind: 'done', ticket });
    world.answers = true;
    drain(world);
    expect(world.readings()).toEqual(numbers(1, 10));
  });

  it('makes the device wait while there is no room', () => {
    const world = onlineWorld();
    world.tell({ kind: 'room', hasRoom: false });
    world.run(100);
    publish(world, 1, 20);
    world.run(10_000);
    expect(world.readings()).toEqual([]);
    world.tell({ kind: 'room', hasRoom: true });
    drain(world, 2_000);
    expect(world.readings()).toEqual(numbers(1, 20));
  });

  it('makes a device wait that starts anew while there is no room', () => {
    const world = onlineWorld();
    world.tell({ kind: 'room', hasRoom: false });
    world.device.reboot(world.nowMs, { keepsCounter: true });
    publish(world, 1, 3);
    world.run(5_000);
    expect(world.readings()).toEqual([]);
    world.tell({ kind: 'room', hasRoom: true });
    drain(world);
    expect(world.readings()).toEqual(numbers(1, 3));
  });

  it('tells who speaks for itself, and hands the signature on untouched', () => {
    const world = onlineWorld();
    const signature = Uint8Array.from({ length: 64 }, (_, at) => at);
    world.device.publish(1, TEMPERATURE, world.nowMs, signature);
    drain(world);
    expect(world.of('reading')[0]).toMatchObject({ signature, value: TEMPERATURE, counter: 1, epoch: 1 });
  });

  it('shows what a sketch prints, and takes its readings all the same', () => {
    const world = onlineWorld();
    world.device.print('sensor found\r\n');
    publish(world, 1, 1);
    world.device.print('t = 21.5\n');
    drain(world);
    world.run(3_000);
    expect(world.of('text').map(({ text }) => text)).toEqual(['sensor found', 't = 21.5']);
    expect(world.readings()).toEqual(['1']);
  });

  it('shows no more than fifty lines a second', () => {
    const world = onlineWorld();
    world.inject(new Uint8Array(Buffer.from(`\0${'hello world\n'.repeat(10_000)}\0`)));
    expect(world.of('text')).toHaveLength(50);
    expect(world.session.counters()['frame.text-dropped']).toBe(9_950);
  });

  it('gives statistics by name', () => {
    const world = onlineWorld();
    const value = encodeDeviceValue([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])!;
    world.device.sendOther({ type: 'stats', topicId: 0, value }, world.nowMs);
    world.run(1_000);
    expect(world.of('stats')[0]?.stats).toMatchObject({ framesIn: 1, badCrc: 3, naks: 7, freeBytes: 10 });
  });

  it('tells of each frame while somebody watches', () => {
    const world = onlineWorld();
    expect(world.of('frame')).toEqual([]);
    world.tell({ kind: 'trace', on: true });
    publish(world, 1, 1);
    drain(world);
    world.tell({ kind: 'trace', on: false });
    const traced = world.of('frame').length;
    expect(world.of('frame').map(({ from, type }) => `${from} ${type}`)).toEqual(['device data', 'host ack']);
    world.run(5_000);
    expect(world.of('frame')).toHaveLength(traced);
  });
});

describe('the clock of a device', () => {
  it('is known before the first reading, within the round trip', () => {
    const world = new SerialWorld();
    world.run(5_000);
    publish(world, 1, 1);
    world.tell({ kind: 'opened' });
    drain(world);
    const [time] = world.of('time');
    expect(world.effects.indexOf(time!)).toBeLessThan(world.effects.indexOf(world.of('reading')[0]!));
    expect(time!.uptimeMs).toBeGreaterThanOrEqual(time!.sentAtMs);
    expect(time!.uptimeMs).toBeLessThanOrEqual(time!.heardAtMs);
    expect(time!.heardAtMs - time!.sentAtMs).toBeLessThan(30);
    expect(world.of('reading')[0]?.uptimeMs).toBe(5_000);
  });

  it('is asked for again and again, and always right, whatever is lost', () => {
    const world = onlineWorld({ seed: 5, faults: { byteLoss: 0.01 }, session: { timeIntervalMs: 5_000 } });
    world.run(60_000);
    expect(world.of('time').length).toBeGreaterThan(8);
    for (const { sentAtMs, heardAtMs, uptimeMs } of world.of('time')) {
      expect(uptimeMs).toBeGreaterThanOrEqual(Math.floor(sentAtMs));
      expect(uptimeMs).toBeLessThanOrEqual(heardAtMs);
    }
  });

  it('wraps after 49.7 days without a jump', () => {
    const world = onlineWorld();
    world.nowMs = 2 ** 32 - 3_000;
    world.device.loseSession(world.nowMs);
    world.tell({ kind: 'closed' });
    world.tell({ kind: 'opened' });
    world.run(2_000);
    publish(world, 1, 1);
    world.run(2_000);
    publish(world, 2, 2);
    drain(world);
    const uptimes = world.of('reading').map(({ uptimeMs }) => uptimeMs);
    expect(uptimes[1]! - uptimes[0]!).toBe(2_000);
    expect(uptimes[1]).toBeGreaterThan(2 ** 32);
  });

  it('is unwrapped by what the book says where the agent started anew', () => {
    const world = new SerialWorld();
    world.nowMs = 2 ** 32 * 3 + 5_000;
    Object.assign(world.book.get(DEVICE_ID)!, {
      epoch: 1,
      uptime: { uptimeMs: 2 ** 32 * 3 - 60_000, utcMs: 1_790_000_000_000 + world.nowMs - 65_000 },
    });
    world.tell({ kind: 'opened' });
    expect(world.run(10_000, () => world.of('time').length > 0)).toBe(true);
    expect(world.of('time')[0]?.uptimeMs).toBeGreaterThan(2 ** 32 * 3);
  });
});

describe('what is lost', () => {
  it('is a gap where the buffer was full, by the device own word', () => {
    const device = new ScriptedDevice({ id: DEVICE_ID, key: DEVICE_KEY, topics: TOPICS, ringSize: 10 });
    const world = new SerialWorld({ device });
    publish(world, 1, 25);
    world.tell({ kind: 'opened' });
    drain(world);
    expect(world.readings()).toEqual(numbers(16, 25));
    expect(world.gaps()).toEqual(['1:1-15 buffer-full']);
  });

  it('is a gap where counters have a hole that nobody explains', () => {
    const world = onlineWorld();
    publish(world, 1, 5);
    drain(world);
    world.device.counter = 8;
    publish(world, 9, 9);
    drain(world);
    expect(world.gaps()).toEqual(['1:6-8 lost']);
    expect(world.session.readingsDone).toBe(9);
  });

  it('is told once, however often the device repeats it', () => {
    const world = onlineWorld();
    publish(world, 1, 5);
    drain(world);
    const gap = (first: number, last: number) =>
      world.device.sendOther(
        { type: 'gap', topicId: 0, value: encodeDeviceValue([first, last])! },
        world.nowMs,
      );
    gap(3, 5);
    gap(4, 9);
    gap(6, 9);
    world.run(500);
    world.device.counter = 9;
    publish(world, 10, 10);
    drain(world);
    expect(world.gaps()).toEqual(['1:6-9 buffer-full']);
  });

  it('is told of the right counters where the device explains a gap ahead of the readings before it', () => {
    const world = onlineWorld();
    world.device.sendOther({ type: 'gap', topicId: 0, value: encodeDeviceValue([4, 6])! }, world.nowMs);
    world.run(500);
    publish(world, 1, 3);
    drain(world);
    expect(world.session.readingsDone).toBe(6);
    world.device.counter = 7;
    publish(world, 8, 8);
    drain(world);
    expect(world.gaps()).toEqual(['1:4-6 buffer-full', '1:7-7 lost']);
  });

  it('is a gap of the earlier epoch where the device started anew and remembers its last counter', () => {
    const world = onlineWorld();
    publish(world, 1, 5);
    drain(world);
    world.answers = false;
    publish(world, 6, 9);
    world.run(100);
    world.device.reboot(world.nowMs, { keepsCounter: true });
    world.answers = true;
    publish(world, 1, 2);
    drain(world);
    expect(world.gaps()).toEqual(['1:6-9 reset']);
    expect(world.of('offline')).toMatchObject([{ cause: 'reset' }]);
    expect(world.of('reading').slice(-2)).toMatchObject([
      { epoch: 2, counter: 1 },
      { epoch: 2, counter: 2 },
    ]);
  });

  it('may be anything after the last reading where the device does not remember', () => {
    const world = onlineWorld();
    publish(world, 1, 5);
    drain(world);
    world.device.reboot(world.nowMs);
    drain(world);
    expect(world.gaps()).toEqual(['1:6- reset']);
  });

  it('is nothing where the device remembers that all was acknowledged', () => {
    const world = onlineWorld();
    publish(world, 1, 5);
    drain(world);
    world.device.reboot(world.nowMs, { keepsCounter: true });
    drain(world);
    expect(world.gaps()).toEqual([]);
  });

  it('is told of epochs that the host never heard of', () => {
    const world = onlineWorld();
    publish(world, 1, 5);
    drain(world);
    world.device.reboot(world.nowMs, { epoch: 5 });
    drain(world);
    expect(world.gaps()).toEqual(['1:6- reset', '2..4:1- reset']);
  });

  it('is durable before the device may send in its new epoch', () => {
    const world = onlineWorld();
    publish(world, 1, 1);
    drain(world);
    world.answers = false;
    world.device.reboot(world.nowMs);
    publish(world, 1, 1);
    world.run(2_000);
    expect(world.gaps()).toEqual(['1:2- reset']);
    expect(world.of('online')).toHaveLength(1);
    const [gap] = world.of('gap').slice(-1);
    const [greeting] = world.of('greeting').slice(-1);
    world.tell({ kind: 'done', ticket: greeting!.ticket });
    expect(world.of('online')).toHaveLength(1);
    world.tell({ kind: 'done', ticket: gap!.ticket });
    expect(world.of('online')).toHaveLength(2);
  });

  it('is what the bridge refuses: a gap, and the link goes on', () => {
    const world = onlineWorld();
    world.refuses = ({ counter }) => counter === 2;
    publish(world, 1, 3);
    drain(world);
    expect(world.gaps()).toEqual(['1:2-2 refused']);
    expect(world.session.readingsDone).toBe(3);
    expect(world.session.counters()).toEqual({ 'record.refused': 1 });
  });

  it('is what has an unknown topic or a value that is none', () => {
    const world = onlineWorld();
    world.device.publish(77, TEMPERATURE, world.nowMs);
    world.device.publish(9, TEMPERATURE, world.nowMs);
    world.device.publish(1, fromHex('9f')!, world.nowMs);
    publish(world, 4, 4);
    drain(world);
    expect(world.readings()).toEqual(['4']);
    expect(world.gaps()).toEqual(['1:1-1 refused', '1:2-2 refused', '1:3-3 refused']);
    expect(world.session.counters()).toEqual({ 'record.bad-value': 1, 'record.unknown-topic': 2 });
  });
});

describe('an agent that starts anew', () => {
  it('gets again what was not acknowledged, and is told what it has already', () => {
    const world = onlineWorld();
    publish(world, 1, 4);
    world.answers = false;
    expect(world.run(1_000, () => world.readings().length === 4)).toBe(true);
    // Durable, and the agent dies before it can say so.
    world.book.get(DEVICE_ID)!.readingsDone = 3;
    world.answers = true;
    world.restartHost();
    drain(world);
    const again = world.of('reading').slice(4);
    expect(again.map(({ counter, isKnown }) => [counter, isKnown])).toEqual([
      [1, true],
      [2, true],
      [3, true],
      [4, false],
    ]);
    expect(world.gaps()).toEqual([]);
  });

  it('goes on with a device that never noticed', () => {
    const world = onlineWorld();
    for (let round = 0; round < 5; round++) {
      publish(world, round * 10 + 1, round * 10 + 10);
      world.run(7);
      world.restartHost();
    }
    drain(world);
    expect([...new Set(world.readings())]).toEqual(numbers(1, 50));
    expect(world.gaps()).toEqual([]);
  });
});

describe('a line with faults', () => {
  it.each([
    ['0.1% of bytes lost', { byteLoss: 0.001 }],
    ['1% of bytes lost', { byteLoss: 0.01 }],
    ['5% of bytes lost', { byteLoss: 0.05 }],
    ['bits flipped', { bitError: 0.001 }],
    ['bursts', { burst: 0.002, burstBytes: 60 }],
  ])('with %s loses no reading, takes none twice, and raises no alarm', (_, faults) => {
    for (let seed = 1; seed <= 4; seed++) {
      const world = new SerialWorld({ seed, faults, doneMsMax: seed % 2 === 0 ? 60 : 0 });
      world.tell({ kind: 'opened' });
      for (let second = 0; second < 20; second++) {
        publish(world, second * 5 + 1, second * 5 + 5);
        world.run(1_000);
      }
      drain(world, 3_600_000);
      const counters = world.of('reading').map(({ counter }) => counter);
      const isSorted = world.of('offline').length === 0;
      expect([...new Set(counters)], `seed ${seed}`).toEqual(Array.from({ length: 100 }, (__, at) => at + 1));
      if (isSorted) expect(counters, `seed ${seed}`).toHaveLength(100);
      expect(world.gaps(), `seed ${seed}`).toEqual([]);
      expect(world.alarms(), `seed ${seed}`).toEqual({});
    }
  });

  it('with resets all the time reports all that it does not deliver', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const world = onlineWorld({ seed, faults: { byteLoss: 0.005 }, doneMsMax: 20 });
      const taken = new Set<string>();
      for (let round = 0; round < 30; round++) {
        const before = world.device.counter;
        publish(world, before + 1, before + 5);
        for (let counter = before + 1; counter <= before + 5; counter++)
          taken.add(`${world.device.epoch}:${counter}`);
        world.run(300);
        if (round % 4 === seed % 4) world.device.reboot(world.nowMs, { keepsCounter: round % 3 === 0 });
      }
      world.run(5_000);
      drain(world);
      for (const { epoch, counter } of world.of('reading')) taken.delete(`${epoch}:${counter}`);
      for (const { epoch, throughEpoch, first, last } of world.of('gap')) {
        for (const name of taken) {
          const [ofEpoch, counter] = name.split(':').map(Number) as [number, number];
          const isInside = ofEpoch >= epoch && ofEpoch <= (throughEpoch ?? epoch) && counter >= first;
          if (isInside && (last === null || counter <= last)) taken.delete(name);
        }
      }
      expect([...taken], `seed ${seed}`).toEqual([]);
    }
  });
});

describe('a port', () => {
  it('is not spoken to for three seconds after it was opened, unless somebody speaks', () => {
    const world = new SerialWorld();
    world.device.isAsleep = true;
    world.tell({ kind: 'opened' });
    world.run(2_999);
    expect(world.of('write')).toHaveLength(0);
    world.run(2_100);
    expect(world.of('write')).toHaveLength(3);
  });

  it('on which nobody speaks is opened anew after 15 s, and again', () => {
    const world = new SerialWorld();
    world.device.isAsleep = true;
    world.tell({ kind: 'opened' });
    world.run(14_900);
    expect(world.of('reopen')).toEqual([]);
    world.run(20_000);
    expect(world.of('reopen')).toEqual([
      { kind: 'reopen', heard: false },
      { kind: 'reopen', heard: false },
    ]);
  });

  it('that dies without a word is asked after 6 s, given up after 15, and found again', () => {
    const world = onlineWorld();
    world.device.isAsleep = true;
    const diedAtMs = world.nowMs;
    world.run(5_900);
    expect(world.of('silent')).toEqual([]);
    world.run(300);
    expect(world.of('silent')).toMatchObject([{ deviceId: DEVICE_ID }]);
    world.run(9_000);
    expect(world.of('offline')).toMatchObject([{ cause: 'silent' }]);
    expect(world.of('reopen')).toEqual([{ kind: 'reopen', heard: true }]);
    expect(world.nowMs - diedAtMs).toBeLessThan(15_500);
    world.device.isAsleep = false;
    world.tell({ kind: 'closed' });
    world.tell({ kind: 'opened' });
    publish(world, 1, 3);
    drain(world);
    expect(world.readings()).toEqual(numbers(1, 3));
  });

  it('whose device was silent for a while goes on with the session that it has', () => {
    const world = onlineWorld();
    world.device.isAsleep = true;
    world.run(8_000);
    world.device.isAsleep = false;
    publish(world, 1, 3);
    drain(world);
    expect(world.of('heard')).toHaveLength(1);
    expect(world.of('offline')).toEqual([]);
    expect(world.device.session).toBe(1);
  });

  it('given up for dead has a session again when its device wakes, also if nobody opened it anew', () => {
    const world = onlineWorld();
    world.device.isAsleep = true;
    world.run(17_000);
    expect(world.of('offline')).toMatchObject([{ cause: 'silent' }]);
    world.device.isAsleep = false;
    publish(world, 1, 3);
    drain(world, 5_000);
    expect(world.readings()).toEqual(numbers(1, 3));
  });

  it('lets a device sleep for as long as it announced', () => {
    const device = new ScriptedDevice({ id: DEVICE_ID, key: DEVICE_KEY, topics: TOPICS, silenceSeconds: 60 });
    const world = onlineWorld({ device });
    for (let round = 0; round < 5; round++) {
      device.isAsleep = true;
      world.run(60_000);
      device.isAsleep = false;
      publish(world, round + 1, round + 1);
      drain(world, 1_000);
    }
    expect(world.readings()).toEqual(numbers(1, 5));
    expect(world.of('silent')).toEqual([]);
    expect(world.of('offline')).toEqual([]);
    expect(world.device.session).toBe(1);
    // Its clock was asked for while it was awake.
    for (const { sentAtMs, heardAtMs } of world.of('time')) expect(heardAtMs - sentAtMs).toBeLessThan(1_000);
    expect(world.of('time').length).toBeGreaterThan(4);
  });

  it('takes another device in the place of the one that it had, under a nonce of its own', () => {
    const world = onlineWorld();
    publish(world, 1, 3);
    drain(world);
    world.know(OTHER_ID, new Uint8Array(16).fill(8));
    world.device = new ScriptedDevice({ id: OTHER_ID, key: new Uint8Array(16).fill(8), topics: TOPICS });
    publish(world, 1, 3);
    drain(world);
    expect(world.of('reading').map(({ deviceId }) => deviceId)).toEqual([
      ...new Array(3).fill(DEVICE_ID),
      ...new Array(3).fill(OTHER_ID),
    ]);
    expect(world.of('offline')).toMatchObject([{ deviceId: DEVICE_ID, cause: 'reset' }]);
    expect(world.alarms()).toEqual({});
    expect(world.gaps()).toEqual([]);
  });

  it('that is opened anew takes nothing of a frame that had begun', () => {
    const world = onlineWorld();
    world.inject(Uint8Array.of(0, 8, 8, 8));
    world.tell({ kind: 'closed' });
    world.tell({ kind: 'opened' });
    world.device.loseSession(world.nowMs);
    expect(world.run(5_000, () => world.device.isOnline)).toBe(true);
    expect(world.session.counters()).toEqual({});
  });

  it('that is closed hands its session back, and wakes nobody', () => {
    const world = onlineWorld();
    world.tell({ kind: 'closed' });
    expect(world.of('offline')).toMatchObject([{ cause: 'closed', deviceId: DEVICE_ID }]);
    expect(world.session.wakeAtMs).toBeNull();
  });

  it('is back within a second of a reset of its device', () => {
    const world = onlineWorld();
    const rebootedAtMs = world.nowMs;
    world.device.reboot(world.nowMs);
    publish(world, 1, 1);
    drain(world);
    expect(world.nowMs - rebootedAtMs).toBeLessThan(300);
  });
});

describe('a fresh device', () => {
  const KEY = new Uint8Array(16).fill(0x5e);
  const offer = { deviceId: DEVICE_ID, key: KEY, epochFloor: 0 };

  function fresh(options = {}): SerialWorld {
    const world = new SerialWorld({
      ...options,
      device: new ScriptedDevice({ id: DEVICE_ID, key: null, topics: TOPICS }),
    });
    world.book.clear();
    world.tell({ kind: 'opened' });
    return world;
  }

  it('says that it has no key, and is left alone for a while', () => {
    const world = fresh();
    world.run(9_000);
    expect(world.of('unprovisioned')).toEqual([{ kind: 'unprovisioned', firmware: 0x010203 }]);
    expect(world.of('reopen')).toEqual([]);
  });

  it('gets its key, and a session under it', () => {
    for (const faults of [{}, { byteLoss: 0.02 }]) {
      const world = fresh({ faults, seed: 4 });
      world.run(1_000);
      world.know(DEVICE_ID, KEY);
      world.tell({ kind: 'provision', offer });
      expect(world.run(20_000, () => world.of('online').length > 0)).toBe(true);
      expect(world.of('provisioned')).toEqual([{ kind: 'provisioned', deviceId: DEVICE_ID }]);
      expect(world.of('provision-failed')).toEqual([]);
      publish(world, 1, 2);
      drain(world);
      expect(world.readings()).toEqual(['1', '2']);
    }
  });

  it('proves by its session that it has the key, where its word for it got lost', () => {
    const world = fresh();
    world.tap = (bytes) => (bytes[2] !== undefined && (bytes[2] & 0x0f) === 9 ? new Uint8Array(0) : bytes);
    world.run(1_000);
    world.know(DEVICE_ID, KEY);
    world.tell({ kind: 'provision', offer });
    expect(world.run(14_000, () => world.of('online').length > 0)).toBe(true);
    expect(world.of('provisioned')).toHaveLength(1);
    world.run(20_000);
    expect(world.of('provision-failed')).toEqual([]);
  });

  it('is not there: the offer ends after 15 s', () => {
    const world = fresh();
    world.device.isAsleep = true;
    world.tell({ kind: 'provision', offer });
    world.run(16_000);
    expect(world.of('provision-failed')).toEqual([
      { kind: 'provision-failed', deviceId: DEVICE_ID, cause: 'no-answer' },
    ]);
  });

  it('is none: a device that has a key is offered no other', () => {
    const world = onlineWorld();
    world.tell({ kind: 'provision', offer: { ...offer, deviceId: '00000000000000ff' as never } });
    world.run(2_000);
    expect(world.of('provision-failed')).toMatchObject([{ cause: 'has-key' }]);
    publish(world, 1, 1);
    drain(world);
    expect(world.readings()).toEqual(['1']);
  });
});
