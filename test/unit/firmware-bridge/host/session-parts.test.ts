import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeviceClock } from '../../../../firmware-bridge/host/session/device-clock.ts';
import type {
  DeviceCommand,
  DeviceFacts,
  DeviceId,
} from '../../../../firmware-bridge/host/session/device-facts.ts';
import { Outbox } from '../../../../firmware-bridge/host/session/outbox.ts';
import { ReadingSeries } from '../../../../firmware-bridge/host/session/reading-series.ts';
import { SessionCommands } from '../../../../firmware-bridge/host/session/session-commands.ts';
import type { Ticket } from '../../../../firmware-bridge/host/session/session-events.ts';
import { SessionTopics } from '../../../../firmware-bridge/host/session/session-topics.ts';
import { TakenFrames } from '../../../../firmware-bridge/host/session/taken-frames.ts';
import { TimeExchanges } from '../../../../firmware-bridge/host/session/time-exchanges.ts';
import { decodeDeviceValue, encodeDeviceValue } from '../../../../firmware-bridge/host/value/index.ts';

const FACTS: DeviceFacts = {
  id: '5ed6e00000000001' as DeviceId,
  firmware: 1,
  epoch: 4,
  session: 1,
  signs: false,
  sleeps: false,
  mtu: 64,
  window: 4,
  resetCause: 'power',
  topicsCrc: 0x1234,
  queued: 0,
  dropped: 0,
  silenceSeconds: 0,
};
const KNOWN = {
  id: FACTS.id,
  key: new Uint8Array(16),
  epoch: 4,
  readingsDone: 0,
  topicsCrc: null,
  topics: [],
};
const RELAY = encodeDeviceValue([9, 1, 'relay', 'bool', ''])!;

const ticket = (number: number) => number as Ticket;

describe('frames that were taken', () => {
  it('are done with in any order, and the readings only as far as there is no hole', () => {
    const frames = new TakenFrames(10);
    for (let number = 0; number < 4; number++) frames.take(number, [ticket(number)], 11 + number);
    expect([frames.finish(ticket(2)), frames.finish(ticket(1))]).toEqual([2, 1]);
    expect(frames.readingsDone).toBe(10);
    expect(frames.finish(ticket(0))).toBe(0);
    expect(frames.readingsDone).toBe(13);
  });

  it('wait for all of their tickets, each of which counts once', () => {
    const frames = new TakenFrames(0);
    expect(frames.take(5, [ticket(1), ticket(2)], 3)).toBe(false);
    expect(frames.finish(ticket(1))).toBeNull();
    expect(frames.finish(ticket(1))).toBeNull();
    frames.add(ticket(3), ticket(2));
    expect(frames.finish(ticket(2))).toBeNull();
    expect(frames.finish(ticket(3))).toBe(5);
    expect(frames.has(ticket(3))).toBe(false);
    expect(frames.take(6, [], 4)).toBe(true);
    expect(frames.readingsDone).toBe(4);
  });
});

describe('a series of readings', () => {
  it('tells of every counter once: taken, explained by the device, or missing', () => {
    const counters = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });
    const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 8 })), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(counters, gaps, fc.infiniteStream(fc.boolean()), (some, dropped, isGapNext) => {
        const series = new ReadingSeries(0);
        const told: number[] = [];
        const tell = (first: number, last: number) => {
          for (let counter = first; counter <= last; counter++) told.push(counter);
        };
        const rest = [...dropped].sort(([a], [b]) => a - b);
        const taken = [...some].sort((a, b) => a - b);
        for (const counter of taken) {
          // A device explains no counter that it sends.
          while (rest.length > 0 && isGapNext.next().value) {
            const [first, length] = rest.shift()!;
            const last = Math.min(first + length, (taken.find((one) => one >= first) ?? Infinity) - 1);
            const news = last < first ? null : series.explain({ first, last });
            if (news !== null) tell(news.first, news.last);
          }
          for (const { first, last } of series.take(counter)) tell(first, last);
          if (counter <= series.covered) tell(counter, counter);
        }
        for (let counter = 1; counter <= (taken.at(-1) ?? 0); counter++) expect(told).toContain(counter);
        expect(series.covered).toBeGreaterThanOrEqual(taken.at(-1) ?? 0);
      }),
    );
  });

  it('tells of what the device explains twice only the part that is news', () => {
    const series = new ReadingSeries(5);
    expect(series.explain({ first: 3, last: 8 })).toEqual({ first: 6, last: 8 });
    expect(series.explain({ first: 3, last: 8 })).toBeNull();
    expect(series.take(10)).toEqual([{ first: 9, last: 9 }]);
  });
});

describe('the clock of a device', () => {
  it('goes by the exchange with the shorter way, while that is not too old', () => {
    const clock = new DeviceClock();
    clock.sample({ sentAtMs: 1_000, heardAtMs: 1_010, uptimeMs: 500 });
    clock.sample({ sentAtMs: 2_000, heardAtMs: 2_400, uptimeMs: 1_800 });
    expect(clock.uptimeAt(2_005)).toBe(1_500);
    clock.sample({ sentAtMs: 99_000, heardAtMs: 99_400, uptimeMs: 98_800 });
    expect(clock.uptimeAt(99_200)).toBe(98_800);
  });

  it('takes a reading for a little older or younger than the clock, never for 49 days older', () => {
    const clock = new DeviceClock();
    clock.sample({ sentAtMs: 0, heardAtMs: 0, uptimeMs: 2 ** 32 + 100 });
    expect(clock.unwrapPast(150, 0)).toBe(2 ** 32 + 150);
    expect(clock.unwrapPast(50, 0)).toBe(2 ** 32 + 50);
    expect(clock.unwrapPast(2 ** 32 - 50, 0)).toBe(2 ** 32 - 50);
    expect(clock.unwrapNow(2 ** 32 - 50, 0)).toBe(2 ** 32 - 50);
  });

  it('knows nothing before the device said something', () => {
    const clock = new DeviceClock();
    expect(clock.uptimeAt(5)).toBeNull();
    expect(clock.isKnown).toBe(false);
    expect(clock.unwrapPast(77, 5)).toBe(77);
    expect(clock.uptimeAt(10)).toBe(82);
    expect(clock.isKnown).toBe(false);
  });
});

describe('questions for the time', () => {
  it('go one at a time, and an answer is from after the first time that its question went out', () => {
    const times = new TimeExchanges(30_000);
    times.begin(100);
    times.begin(400);
    expect(times.answered(0, 55, 500)).toEqual({ sentAtMs: 100, heardAtMs: 500, uptimeMs: 55 });
    expect(times.due(1_099)).toBeNull();
    expect(times.due(1_100)).toBe(1);
    times.sent(1, 1_100);
    times.sent(1, 1_300);
    expect(times.due(9_000)).toBeNull();
    expect(times.answered(2, 1, 9_000)).toBeNull();
    expect(times.answered(1, 1_000, 1_400)).toEqual({ sentAtMs: 1_100, heardAtMs: 1_400, uptimeMs: 1_000 });
    expect(times.answered(1, 1_000, 1_400)).toBeNull();
  });
});

describe('topics', () => {
  it('that were announced are waited for, over a line that loses most of them', () => {
    const topics = new SessionTopics(FACTS, KNOWN);
    expect(topics.register(RELAY, 0)).toBe(true);
    expect(topics.due(9_000)).toBeNull();
    expect(topics.all).toBeNull();
    expect(topics.due(10_000)).toMatchObject({ kind: 'topics' });
    // One that is registered later is told of soon.
    topics.register(encodeDeviceValue([1, 0, 'temp', 'float', ''])!, 20_000);
    expect(topics.due(20_499)).toBeNull();
    expect(topics.due(20_500)).toMatchObject({ topics: [{ name: 'relay' }, { name: 'temp' }] });
  });
});

describe('commands', () => {
  function desk() {
    const clock = new DeviceClock();
    const topics = new SessionTopics(FACTS, KNOWN);
    topics.register(RELAY, 0);
    const commands = new SessionCommands(4, { facts: FACTS, clock, topics, outbox: new Outbox() });
    return { clock, commands };
  }
  const COMMAND: DeviceCommand = {
    id: 7,
    name: 'relay',
    args: Uint8Array.of(0xf5),
    expiresAtMs: 5_000,
    sentInEpoch: null,
  };

  it('with a deadline wait for the clock of the device; others do not', () => {
    const { clock, commands } = desk();
    commands.offer(COMMAND);
    commands.offer({ ...COMMAND, id: 8, expiresAtMs: null });
    expect(commands.ready(0)).toMatchObject([{ command: { id: 8 } }]);
    clock.sample({ sentAtMs: 0, heardAtMs: 10, uptimeMs: 100 });
    expect(commands.ready(10)).toMatchObject([{ command: { id: 7 }, topicId: 9 }]);
    expect(commands.ready(10)).toEqual([]);
  });

  it('have a deadline that wraps as the clock of the device does', () => {
    const { clock, commands } = desk();
    clock.sample({ sentAtMs: 0, heardAtMs: 0, uptimeMs: 2 ** 32 - 1_000 });
    commands.offer(COMMAND);
    expect(decodeDeviceValue(commands.value(COMMAND))).toEqual({ ok: true, value: [7, 4_000, true] });
    const onZero = { ...COMMAND, expiresAtMs: 1_000 };
    expect(decodeDeviceValue(commands.value(onZero))).toEqual({ ok: true, value: [7, 1, true] });
  });
});
