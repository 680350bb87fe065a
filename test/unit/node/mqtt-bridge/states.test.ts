import { describe, expect, test } from 'vitest';
import { ElectionState } from '../../../../node/gateways/mqtt-bridge/election-state.ts';
import { LoopWatchState } from '../../../../node/gateways/mqtt-bridge/loop-watch-state.ts';
import { OutFlightState } from '../../../../node/gateways/mqtt-bridge/out-flight-state.ts';
import { ProgressState } from '../../../../node/gateways/mqtt-bridge/progress-state.ts';
import { reconnectDelayMs } from '../../../../node/gateways/mqtt-bridge/reconnect-delay.ts';
import { RedeliveryState } from '../../../../node/gateways/mqtt-bridge/redelivery-state.ts';

describe('the election', () => {
  const OPTIONS = { self: 'm', leaseMs: 100, settleMs: 50 };
  let n = 0;
  const announced = (node: string, said: { linked?: boolean; carrying?: boolean } = {}) => ({
    kind: 'announced' as const,
    announcement: { node, run: 'r', n: ++n, linked: true, carrying: false, ...said },
  });
  const linked = (nowMs = 0): ElectionState => {
    const state = new ElectionState(OPTIONS, 0);
    state.handle({ kind: 'link', up: true }, nowMs);
    return state;
  };

  test('waits until those that carry already could be heard', () => {
    const state = linked();
    expect(state.decide(49)).toBe(false);
    expect(state.decide(50)).toBe(true);
  });

  test('makes nobody a carrier that does not reach the broker', () => {
    const state = new ElectionState(OPTIONS, 0);
    expect(state.decide(60)).toBe(false);
    expect(state.handle({ kind: 'link', up: true }, 60)).toBe(true);
    expect(state.handle({ kind: 'link', up: false }, 61)).toBe(false);
  });

  test('gives it to the lowest id of those that reach the broker', () => {
    const state = linked();
    state.handle(announced('a'), 40);
    expect(state.decide(60)).toBe(false);
    state.handle(announced('a', { linked: false }), 61);
    state.handle(announced('z'), 62);
    expect(state.decide(63)).toBe(true);
  });

  test('leaves it to whoever carries, also with a higher id', () => {
    const state = linked();
    state.handle(announced('z', { carrying: true }), 40);
    expect(state.decide(60)).toBe(false);
    expect(state.carrier(60)).toBe('z');
  });

  test('takes over when the carrier is not heard for a lease', () => {
    const state = linked();
    state.handle(announced('a', { carrying: true }), 40);
    expect(state.decide(139)).toBe(false);
    expect(state.decide(140)).toBe(true);
    expect(state.carrier(140)).toBe('m');
  });

  test('does not take an announcement that comes again for a sign of life', () => {
    const state = linked();
    const first = announced('a', { carrying: true });
    state.handle(first, 0);
    state.handle(first, 90);
    expect(state.decide(110)).toBe(true);
  });

  test('lets the lower id go on where two carry after a partition', () => {
    const state = linked();
    expect(state.decide(60)).toBe(true);
    expect(state.handle(announced('z', { carrying: true }), 61)).toBe(true);
    expect(state.handle(announced('a', { carrying: true }), 62)).toBe(false);
  });

  test('takes a restarted node for what it says now', () => {
    const state = linked();
    state.handle(announced('a', { carrying: true }), 40);
    const announcement = { node: 'a', run: 'other', n: 1, linked: false, carrying: false };
    expect(state.handle({ kind: 'announced', announcement }, 60)).toBe(true);
  });
});

describe('what is on its way out', () => {
  const flightOf = (...messages: readonly string[]): OutFlightState<string> => {
    const flight = new OutFlightState<string>();
    for (const message of messages) flight.add(message, 10, false);
    return flight;
  };
  const sent = (flight: OutFlightState<string>, window: number) =>
    flight.takeToSend(window).map(({ message, packetId }) => [message, packetId]);

  test('is sent in its order, as many as the broker takes at once', () => {
    const flight = flightOf('a', 'b', 'c');
    expect(sent(flight, 2)).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(sent(flight, 2)).toEqual([]);
    flight.answered(1);
    expect(sent(flight, 2)).toEqual([['c', 3]]);
  });

  test('is done from the head on, whatever is answered first', () => {
    const flight = flightOf('a', 'b');
    sent(flight, 2);
    flight.answered(2);
    expect(flight.takeDone()).toEqual([]);
    flight.answered(1);
    expect(flight.takeDone()).toEqual(['a', 'b']);
    expect([flight.size, flight.bytes, flight.flying]).toEqual([0, 0, 0]);
  });

  test('waits again where the broker has forgotten it', () => {
    const flight = flightOf('a', 'b');
    sent(flight, 2);
    flight.answered(1);
    flight.forgetSent();
    expect(sent(flight, 2)).toEqual([['b', 3]]);
  });

  test('keeps its packet id where the session goes on, and its stage', () => {
    const flight = flightOf('a', 'b');
    sent(flight, 2);
    expect(flight.received(1)).toBe(true);
    expect(flight.received(9)).toBe(false);
    expect(flight.unanswered().map(({ packetId, stage }) => [packetId, stage])).toEqual([
      [1, 'released'],
      [2, 'sent'],
    ]);
  });

  test('is settled by another node unless it was sent from here', () => {
    const flight = flightOf('a', 'b');
    sent(flight, 1);
    expect(flight.settle(() => true)).toBe(1);
    expect(flight.takeDone()).toEqual([]);
    flight.answered(1);
    expect(flight.takeDone()).toEqual(['a', 'b']);
  });

  test('begins anew after the last packet id, and gives none to two', () => {
    const flight = new OutFlightState<string>(65_533);
    for (const message of ['a', 'b', 'c', 'd']) flight.add(message, 1, false);
    expect(sent(flight, 4)).toEqual([
      ['a', 65_534],
      ['b', 65_535],
      ['c', 1],
      ['d', 2],
    ]);
    const full = new OutFlightState<string>(65_534);
    full.add('a', 1, false);
    sent(full, 1);
    for (let index = 0; index < 65_534; index++) {
      full.add('x', 1, false);
      const [item] = full.takeToSend(2);
      full.answered(item!.packetId);
      if (index === 0) full.answered(65_535);
      full.takeDone();
    }
    full.add('last', 1, false);
    expect(sent(full, 1)).toEqual([['last', 65_535]]);
  });

  test('an answer to nothing is none', () => {
    expect(flightOf('a').answered(1)).toBeNull();
  });
});

describe('how far the logs went out', () => {
  const place = (seq: number) => ({ author: 'a', channel: 'main', epoch: 'e', seq });

  test('covers what another node has sent, and nothing after it', () => {
    const progress = new ProgressState();
    progress.hear({ ...place(7), holes: [] });
    expect([progress.covers(place(7)), progress.covers(place(8))]).toEqual([true, false]);
    expect(progress.covers({ ...place(7), epoch: 'other' })).toBe(false);
    expect(progress.takeChanged(9)).toEqual([]);
  });

  test('does not cover what was missing at the carrier, until it came late', () => {
    const carrier = new ProgressState();
    carrier.advance(place(3));
    carrier.skip(place(4), 6);
    carrier.advance(place(7));
    const standby = new ProgressState();
    for (const reach of carrier.takeChanged(9)) standby.hear(reach);
    expect([3, 4, 6, 7].map((seq) => standby.covers(place(seq)))).toEqual([true, false, false, true]);
    carrier.advance(place(5));
    for (const reach of carrier.takeChanged(9)) standby.hear(reach);
    expect([4, 5, 6].map((seq) => standby.covers(place(seq)))).toEqual([false, true, false]);
  });

  test('tells what changed once', () => {
    const progress = new ProgressState();
    progress.advance(place(1));
    progress.advance(place(2));
    expect(progress.takeChanged(9)).toEqual([{ ...place(2), holes: [] }]);
    expect(progress.takeChanged(9)).toEqual([]);
  });

  test('does not go back for a node that is behind', () => {
    const progress = new ProgressState();
    progress.advance(place(9));
    progress.hear({ ...place(4), holes: [[1, 2]] });
    expect(progress.covers(place(1))).toBe(true);
  });
});

describe('what the broker sends again', () => {
  test('is known by its packet id and content, by whichever node it came', () => {
    const state = new RedeliveryState();
    expect(state.note('1.x', 'a')).toBe(false);
    expect([state.has('1.x'), state.has('2.x'), state.has('1.y')]).toEqual([true, false, false]);
    expect(state.note('1.x', 'a')).toBe(false);
    expect(state.note('1.x', 'b')).toBe(true);
    state.clear();
    expect(state.has('1.x')).toBe(false);
  });
});

describe('the watch for loops', () => {
  test('tells once in a window of what comes in and goes out again and again', () => {
    const watch = new LoopWatchState();
    const told = Array.from({ length: 120 }, (_, index) => {
      const is = watch.noteIn('k', index);
      watch.noteOut('k', index);
      return is;
    });
    expect(told.filter(Boolean)).toHaveLength(1);
  });

  test('takes what is said often and does not go out for no loop', () => {
    const watch = new LoopWatchState();
    expect(Array.from({ length: 200 }, (_, index) => watch.noteIn('k', index)).some(Boolean)).toBe(false);
  });

  test('takes what is said now and then for no loop', () => {
    const watch = new LoopWatchState();
    const told = Array.from({ length: 200 }, (_, index) => {
      watch.noteOut('k', index * 1_000);
      return watch.noteIn('k', index * 1_000);
    });
    expect(told.some(Boolean)).toBe(false);
  });
});

test('tries are further and further apart, up to a minute, and none at the same time as those of others', () => {
  expect([0, 1, 2].map((failures) => reconnectDelayMs(failures, 1))).toEqual([500, 1_000, 2_000]);
  expect(reconnectDelayMs(3, 0)).toBe(2_000);
  expect([reconnectDelayMs(50, 1), reconnectDelayMs(50, 0)]).toEqual([60_000, 30_000]);
});
