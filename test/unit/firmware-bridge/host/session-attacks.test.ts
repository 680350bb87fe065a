import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeBody,
  decodeCobs,
  encodeFrame,
  type Frame,
  FrameSplitter,
} from '../../../../firmware-bridge/host/frame/index.ts';
import {
  DIRECTIONS,
  deriveSessionKey,
  sealRecord,
  sessionAead,
} from '../../../../firmware-bridge/host/seal/index.ts';
import { encodeDeviceValue } from '../../../../firmware-bridge/host/value/index.ts';
import { fromHex } from '../../../../src/bytes/index.ts';
import { Counters } from '../../../../src/errors/index.ts';
import { seededRandom } from './noisy-line.ts';
import { drain, numbers, onlineWorld, publish } from './online-world.ts';
import { ScriptedDevice } from './scripted-device.ts';
import { DEVICE_ID, DEVICE_KEY, OTHER_ID, SerialWorld, TOPICS } from './serial-world.ts';

const OTHER_KEY = new Uint8Array(16).fill(0xee);
const PLAIN = { seq: 0, ack: 0, notReady: false, again: false } as const;

function framesIn(bytes: Uint8Array): Frame[] {
  const splitter = new FrameSplitter({ mtu: 250 }, new Counters());
  return splitter.push(bytes).flatMap((found) => (found.kind === 'frame' ? [found.frame] : []));
}

/** Keeps every frame of the device that passes. */
function recorded(world: SerialWorld): Frame[] {
  const frames: Frame[] = [];
  world.tap = (bytes) => {
    frames.push(...framesIn(bytes));
    return bytes;
  };
  return frames;
}

/** What must hold after an attack: the session goes on, and what the device takes arrives once. */
function goesOn(world: SerialWorld): void {
  const before = world.device.counter;
  const seen = world.readings().length;
  publish(world, before + 1, before + 5);
  drain(world);
  expect(world.readings().slice(seen)).toEqual(numbers(before + 1, before + 5));
  expect(world.gaps()).toEqual([]);
}

describe('somebody at the line', () => {
  it('who forges readings publishes none of them, and raises the alarm', () => {
    const world = onlineWorld();
    const aead = sessionAead(OTHER_KEY);
    const reading = { topicId: 1, t: 0, value: encodeDeviceValue(666)!, signature: null };
    const payload = sealRecord(
      { type: 'reading', counter: 1, ...reading },
      { aead, epoch: 1 },
      DIRECTIONS.reading,
    );
    for (let seq = 0; seq < 256; seq++) world.inject(encodeFrame({ ...PLAIN, type: 'data', seq, payload }));
    expect(world.readings()).toEqual([]);
    expect(world.alarms()['bad-tag']).toBeGreaterThan(0);
    expect(world.session.counters()['record.bad-tag']).toBeGreaterThan(0);
    world.run(3_000);
    goesOn(world);
  });

  it('who sends records without a seal is refused, and raises the alarm', () => {
    const world = onlineWorld();
    publish(world, 1, 1);
    drain(world);
    const next = 5;
    const payload = Uint8Array.of(1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0xf5);
    world.inject(encodeFrame({ ...PLAIN, type: 'data', seq: next, payload }));
    expect(world.alarms()).toEqual({ unsealed: 1 });
    goesOn(world);
  });

  it('who alters any bit of a reading stops it from being taken, and the true one is', () => {
    for (let bit = 0; bit < 8 * 23; bit += 7) {
      const world = onlineWorld();
      let isAltered = false;
      world.tap = (bytes) => {
        const [frame] = framesIn(bytes);
        if (isAltered || frame?.type !== 'data') return bytes;
        isAltered = true;
        const payload = frame.payload.slice();
        payload[(bit >> 3) % payload.length]! ^= 1 << (bit & 7);
        return encodeFrame({ ...frame, payload });
      };
      publish(world, 1, 3);
      drain(world);
      expect(world.readings(), `bit ${bit}`).toEqual(numbers(1, 3));
      expect(Object.keys(world.alarms()), `bit ${bit}`).toHaveLength(1);
      expect(world.gaps()).toEqual([]);
    }
  });

  it('who repeats every frame publishes nothing twice', () => {
    const world = onlineWorld();
    world.tap = (bytes) => Uint8Array.from([...bytes, ...bytes]);
    publish(world, 1, 50);
    drain(world);
    expect(world.readings()).toEqual(numbers(1, 50));
    expect(world.session.counters()['link.duplicate']).toBeGreaterThan(40);
  });

  it('who plays old records under the number that is wanted does not take the place of the true one', () => {
    const world = onlineWorld();
    const frames = recorded(world);
    publish(world, 1, 4);
    drain(world);
    const old = frames.filter(({ type }) => type === 'data');
    expect(old.length).toBeGreaterThanOrEqual(4);
    const wanted = (old.at(-1)!.seq + 1) & 0xff;
    for (const { payload } of old.slice(-4)) {
      world.inject(encodeFrame({ ...PLAIN, type: 'data', seq: wanted, payload }));
    }
    expect(world.session.counters()['record.replayed']).toBe(4);
    expect(world.alarms().replayed).toBe(1);
    world.run(1_500);
    expect(world.alarms().replayed).toBe(4);
    goesOn(world);
    expect(world.device.session).toBe(1);
  });

  it('who plays a whole session again is refused', () => {
    const world = onlineWorld();
    const bytes: Uint8Array[] = [];
    world.tap = (some) => {
      bytes.push(some.slice());
      return some;
    };
    world.device.loseSession(world.nowMs);
    publish(world, 1, 10);
    drain(world);
    world.tap = (some) => some;
    const before = world.readings().length;
    world.restartHost();
    for (const some of bytes) world.inject(some);
    expect(world.readings()).toHaveLength(before);
    world.run(15_000);
    goesOn(world);
  });

  it('who plays old answers to a greeting gets no session', () => {
    const world = onlineWorld();
    const frames = recorded(world);
    // Two sessions more under one nonce: the device lost its memory of them.
    for (let round = 0; round < 2; round++) {
      world.device.loseSession(world.nowMs);
      expect(world.run(5_000, () => world.device.isOnline)).toBe(true);
      world.run(500);
    }
    const answers = frames.filter(({ type }) => type === 'hello-ack');
    expect(answers.length).toBeGreaterThanOrEqual(2);
    world.inject(encodeFrame(answers[0]!));
    expect(world.session.counters()['greeting.replayed']).toBe(1);
    expect(world.alarms()).toEqual({ replayed: 1 });
    expect(world.session.device?.session).toBe(3);
    goesOn(world);
  });

  it('who forges answers to a greeting by the thousand neither gets a session nor ends one', () => {
    const world = onlineWorld();
    const frames = recorded(world);
    world.device.loseSession(world.nowMs);
    expect(world.run(5_000, () => world.device.isOnline)).toBe(true);
    const [answer] = frames.filter(({ type }) => type === 'hello-ack');
    const random = seededRandom(3);
    for (let round = 0; round < 2_000; round++) {
      const payload = answer!.payload.slice();
      payload[Math.floor(random() * payload.length)]! ^= 1 << Math.floor(random() * 8);
      world.inject(encodeFrame({ ...answer!, payload }));
    }
    expect(world.of('greeting')).toHaveLength(2);
    // At most one HELLO a second comes of it.
    const hellos = world.of('write').length;
    expect(hellos).toBeLessThan(20);
    expect(world.of('alarm').length).toBeLessThan(8);
    world.run(2_000);
    goesOn(world);
  });

  it('who forges answers all the time makes the host ask once a second, no more', () => {
    const world = onlineWorld({ session: { traceFrames: true } });
    const forged = new Uint8Array(45);
    forged[0] = 1;
    forged.set(fromHex(DEVICE_ID)!, 1);
    for (let round = 0; round < 600; round++) {
      world.inject(encodeFrame({ ...PLAIN, type: 'hello-ack', payload: forged }));
      world.run(5);
    }
    const hellos = world.of('frame').filter(({ from, type }) => from === 'host' && type === 'hello');
    expect(hellos.length).toBeLessThan(6);
    goesOn(world);
  });

  it('is not suspected where an answer to an earlier greeting of the port comes late', () => {
    const world = onlineWorld();
    const frames = recorded(world);
    world.device.loseSession(world.nowMs);
    expect(world.run(5_000, () => world.device.isOnline)).toBe(true);
    world.tell({ kind: 'greet' });
    expect(world.run(5_000, () => world.of('online').length === 3)).toBe(true);
    world.inject(encodeFrame(frames.find(({ type }) => type === 'hello-ack')!));
    expect(world.session.counters()['greeting.stray']).toBe(1);
    world.run(2_000);
    expect(world.alarms()).toEqual({});
    goesOn(world);
  });

  it('who forges an answer before the true one comes does not keep the device out', () => {
    const world = new SerialWorld();
    const forged = new Uint8Array(45);
    forged[0] = 1;
    forged.set(fromHex(DEVICE_ID)!, 1);
    forged[13] = 9;
    world.tell({ kind: 'opened' });
    let isForged = false;
    world.tap = (bytes) => {
      if (isForged || !framesIn(bytes).some(({ type }) => type === 'hello-ack')) return bytes;
      isForged = true;
      return Uint8Array.from([...encodeFrame({ ...PLAIN, type: 'hello-ack', payload: forged }), ...bytes]);
    };
    expect(world.run(2_000, () => world.device.isOnline)).toBe(true);
    expect(world.alarms()).toEqual({ 'bad-tag': 1 });
    goesOn(world);
  });

  it('who forges RESET all the time does not end the session', () => {
    const world = onlineWorld({ session: { traceFrames: true } });
    const reset = encodeFrame({ ...PLAIN, type: 'reset', payload: Uint8Array.of(1, 1) });
    publish(world, 1, 200);
    for (let round = 0; round < 500; round++) {
      world.inject(reset);
      world.run(5);
    }
    drain(world);
    expect(world.readings()).toEqual(numbers(1, 200));
    expect(world.of('offline')).toEqual([]);
    expect(world.device.session).toBe(1);
    const hellos = world.of('frame').filter(({ from, type }) => from === 'host' && type === 'hello');
    // At most one in 200 ms, for 2.5 s.
    expect(hellos.length).toBeLessThan(15);
  });

  it('who forges acknowledgements makes the device forget, and that is told as a gap', () => {
    const world = onlineWorld();
    world.answers = false;
    publish(world, 1, 8);
    world.run(50);
    // Behind its clock and three topics go the first four readings, none of them durable.
    const ack = encodeFrame({ ...PLAIN, type: 'ack', ack: 8, payload: new Uint8Array(0) });
    world.device.receive(ack, world.nowMs);
    expect(world.device.readings.map(({ counter }) => counter)).toEqual([5, 6, 7, 8]);
    world.answers = true;
    world.restartHost();
    drain(world);
    expect(world.gaps()).toEqual(['1:1-4 lost']);
    expect(world.readings().slice(-4)).toEqual(numbers(5, 8));
  });

  it('who makes the device greet under a nonce of his own is found out, and the session comes back', () => {
    const world = onlineWorld();
    const hello = new Uint8Array(17);
    hello.set([1, 9, 9, 9, 9, 9, 9, 9, 9, 250, 4]);
    world.device.receive(encodeFrame({ ...PLAIN, type: 'hello', payload: hello }), world.nowMs);
    expect(world.device.isOnline).toBe(false);
    publish(world, 1, 5);
    drain(world, 10_000);
    expect(world.readings()).toEqual(numbers(1, 5));
    expect(world.alarms()['bad-tag']).toBeGreaterThan(0);
  });

  it('who hands back to the host what it sends is counted, and nothing else', () => {
    const world = onlineWorld();
    for (const effect of world.of('write')) world.inject(effect.bytes);
    expect(world.session.counters()['frame.wrong-direction']).toBeGreaterThan(0);
    expect(world.readings()).toEqual([]);
    world.run(3_000);
    goesOn(world);
  });
});

describe('a device that is not what it says', () => {
  it('under a wrong key gets no session', () => {
    const world = new SerialWorld({
      device: new ScriptedDevice({ id: DEVICE_ID, key: OTHER_KEY, topics: TOPICS }),
    });
    world.tell({ kind: 'opened' });
    publish(world, 1, 5);
    world.run(30_000);
    expect(world.readings()).toEqual([]);
    expect(world.of('device-refused')[0]).toEqual({
      kind: 'device-refused',
      deviceId: DEVICE_ID,
      cause: 'bad-tag',
    });
    // Greeted every ten seconds.
    expect(world.alarms()).toEqual({ 'bad-tag': 3 });
  });

  it('but has a key of its own cannot claim the id of another', () => {
    const world = new SerialWorld({
      device: new ScriptedDevice({ id: OTHER_ID, key: OTHER_KEY, topics: TOPICS }),
    });
    world.know(OTHER_ID, OTHER_KEY);
    world.tap = (bytes) => {
      const frames = framesIn(bytes);
      if (!frames.some(({ type }) => type === 'hello-ack')) return bytes;
      return new Uint8Array(
        Buffer.concat(
          frames.map((frame) => {
            const payload = frame.payload.slice();
            if (frame.type === 'hello-ack') payload.set(fromHex(DEVICE_ID)!, 1);
            return encodeFrame({ ...frame, payload });
          }),
        ),
      );
    };
    world.tell({ kind: 'opened' });
    publish(world, 1, 5);
    world.run(5_000);
    expect(world.readings()).toEqual([]);
    expect(world.session.counters()['greeting.bad-tag']).toBe(1);
  });

  it('is not in the book: refused, greeted again after ten seconds, and at once when the book changes', () => {
    const world = new SerialWorld();
    world.book.clear();
    world.tell({ kind: 'opened' });
    world.run(5_000);
    expect(world.of('device-refused')[0]?.cause).toBe('unknown-device');
    expect(world.alarms()).toEqual({ 'unknown-device': 1 });
    world.run(10_000);
    expect(world.alarms()).toEqual({ 'unknown-device': 2 });
    world.know(DEVICE_ID, DEVICE_KEY);
    world.tell({ kind: 'greet' });
    expect(world.run(500, () => world.device.isOnline)).toBe(true);
  });

  it('has a lower epoch than it had: no session before a person says so', () => {
    const world = onlineWorld();
    world.book.get(DEVICE_ID)!.epoch = 9;
    world.device.reboot(world.nowMs, { epoch: 2 });
    publish(world, 1, 5);
    world.run(5_000);
    expect(world.readings()).toEqual([]);
    expect(world.of('device-refused')).toMatchObject([{ cause: 'lower-epoch', deviceId: DEVICE_ID }]);
    expect(world.alarms()).toEqual({ 'lower-epoch': 1 });
    Object.assign(world.book.get(DEVICE_ID)!, { epoch: 0, readingsDone: 0 });
    world.tell({ kind: 'greet' });
    drain(world, 5_000);
    expect(world.readings()).toEqual(numbers(1, 5));
  });

  it('speaks another version of the protocol: refused by its number', () => {
    const device = new ScriptedDevice({ id: DEVICE_ID, key: DEVICE_KEY, protocol: 2 });
    const world = new SerialWorld({ device });
    world.tell({ kind: 'opened' });
    world.run(5_000);
    expect(world.of('device-refused')).toEqual([
      { kind: 'device-refused', deviceId: null, cause: 'wrong-protocol', protocol: 2 },
    ]);
    expect(world.session.counters()['greeting.wrong-protocol']).toBe(1);
  });

  it('is refused by the bridge: let go, and greeted again later', () => {
    const world = new SerialWorld();
    world.answers = false;
    world.tell({ kind: 'opened' });
    world.run(1_000);
    world.tell({ kind: 'refused', ticket: world.of('greeting')[0]!.ticket });
    expect(world.of('device-refused')).toMatchObject([{ cause: 'by-bridge', deviceId: DEVICE_ID }]);
    expect(world.of('offline')).toHaveLength(1);
    world.answers = true;
    world.run(9_000);
    expect(world.of('online')).toEqual([]);
    expect(world.run(3_000, () => world.of('online').length === 1)).toBe(true);
  });

  it('sends records that only a host sends, or of unknown types, or of no shape: counted, and the link goes on', () => {
    const world = onlineWorld();
    const now = world.nowMs;
    world.device.sendOther({ type: 'welcome', topicId: 0, value: fromHex('80')! }, now);
    world.device.sendOther({ type: 'command', topicId: 9, value: fromHex('80')! }, now);
    world.device.sendOther({ type: 'gap', topicId: 0, value: fromHex('8209')! }, now);
    world.device.sendOther({ type: 'gap', topicId: 0, value: fromHex('820901')! }, now);
    world.device.sendOther({ type: 'stats', topicId: 0, value: fromHex('8101')! }, now);
    world.device.sendOther({ type: 'register', topicId: 0, value: fromHex('850000606060')! }, now);
    world.device.sendOther({ type: 'command-result', topicId: 0, value: fromHex('8101')! }, now);
    world.device.sendOther({ type: 'time', topicId: 0, value: fromHex('80')! }, now);
    world.run(2_000);
    expect(world.session.counters()).toMatchObject({ 'record.unexpected': 2, 'record.bad-value': 6 });
    goesOn(world);
  });
});

describe('noise', () => {
  it('of any kind, at any rate, ends no session and hides no frame behind it', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 20 }), (pieces) => {
        const world = onlineWorld();
        for (const piece of pieces) {
          world.inject(piece);
          world.run(20);
        }
        world.inject(Uint8Array.of(0));
        publish(world, 1, 3);
        drain(world);
        expect(world.readings()).toEqual(numbers(1, 3));
        expect(world.alarms()).toEqual({});
      }),
      { seed: 4, numRuns: 40 },
    );
  });

  it('of frames with a good CRC and random content publishes nothing, and the device comes back', () => {
    const random = seededRandom(11);
    const world = onlineWorld();
    for (let round = 0; round < 3_000; round++) {
      const payload = Uint8Array.from({ length: Math.floor(random() * 60) }, () =>
        Math.floor(random() * 256),
      );
      const types = [
        'data',
        'ack',
        'nak',
        'hello',
        'hello-ack',
        'reset',
        'log',
        'provision',
        'provisioned',
      ] as const;
      const frame = {
        type: types[Math.floor(random() * types.length)]!,
        seq: Math.floor(random() * 256),
        ack: Math.floor(random() * 256),
        notReady: random() < 0.5,
        again: random() < 0.5,
        payload,
      };
      world.inject(encodeFrame(frame));
      if (round % 10 === 0) world.run(5);
    }
    expect(world.readings()).toEqual([]);
    world.run(20_000);
    publish(world, 1, 5);
    drain(world);
    expect(world.readings()).toEqual(numbers(1, 5));
  });

  it('that never ends keeps no more than a frame, and is over with the next zero', () => {
    const world = onlineWorld();
    for (let round = 0; round < 2_000; round++) world.inject(new Uint8Array(1_000).fill(0xaa));
    expect(world.session.counters()['frame.too-long']).toBeUndefined();
    goesOn(world);
    expect(world.session.counters()['frame.too-long']).toBe(1);
  });

  it('of the line is told from an attack: a bad CRC raises no alarm', () => {
    const world = onlineWorld();
    const frame = encodeFrame({ ...PLAIN, type: 'data', payload: new Uint8Array(30) });
    const body = decodeCobs(frame.subarray(1, -1))!;
    expect(typeof decodeBody(body)).toBe('object');
    frame[5]! ^= 0x10;
    world.inject(frame);
    world.run(2_000);
    expect(world.alarms()).toEqual({});
  });
});

describe('a session key', () => {
  it('is another one in each session, so that no record of one is any of the next', () => {
    const hostNonce = new Uint8Array(8);
    const keys = [1, 2].flatMap((epoch) =>
      [1, 2].map((session) =>
        Buffer.from(
          deriveSessionKey(DEVICE_KEY, { deviceId: fromHex(DEVICE_ID)!, hostNonce, epoch, session }),
        ).toString('hex'),
      ),
    );
    expect(new Set(keys).size).toBe(4);
  });
});
