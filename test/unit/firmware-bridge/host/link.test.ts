import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LINK_LIMITS,
  type LinkEffect,
  type LinkEvent,
  type LinkOptions,
  LinkState,
} from '../../../../firmware-bridge/host/link/index.ts';
import { Counters } from '../../../../src/errors/index.ts';
import { playPair } from './link-pair.ts';

const NOTHING = new Uint8Array(0);

const PLANS = [
  ['a good line', {}],
  ['0.1% of bytes lost', { byteLoss: 0.001 }],
  ['1% of bytes lost', { byteLoss: 0.01 }],
  ['5% of bytes lost', { byteLoss: 0.05 }],
  ['one bit in 1,000 flipped', { bitError: 0.001 }],
  ['bursts', { burst: 0.002, burstBytes: 60 }],
  ['everything at once', { byteLoss: 0.005, bitError: 0.0005, burst: 0.001, burstBytes: 40 }],
] as const;

describe('two links over a line', () => {
  it.each(PLANS)('with %s lose nothing, take nothing twice and keep the order', (_, faults) => {
    for (let seed = 1; seed <= 6; seed++) {
      const window = 1 + (seed % 7);
      const items = 300;
      const { ends } = playPair({ seed, faults, window, doneMsMax: seed % 2 === 0 ? 0 : 30, items });
      const all = Array.from({ length: items }, (_, at) => at + 1);
      for (const end of ends) {
        expect({ seed, over: end.over }).toEqual({ seed, over: null });
        expect(end.taken, `seed ${seed}`).toEqual(all);
        expect(end.freed, `seed ${seed}`).toEqual(all);
      }
    }
  });

  it('with any faults take nothing twice or out of order, and acknowledge only what is done with', () => {
    const plans = fc.record({
      seed: fc.nat(),
      faults: fc.record({
        byteLoss: fc.double({ min: 0, max: 0.05, noNaN: true }),
        bitError: fc.double({ min: 0, max: 0.001, noNaN: true }),
        burst: fc.double({ min: 0, max: 0.003, noNaN: true }),
        burstBytes: fc.integer({ min: 1, max: 100 }),
      }),
      window: fc.integer({ min: 1, max: 7 }),
      doneMsMax: fc.integer({ min: 0, max: 200 }),
      items: fc.integer({ min: 1, max: 60 }),
      isOneWay: fc.boolean(),
      roomComesAndGoes: fc.boolean(),
    });
    fc.assert(
      fc.property(plans, (plan) => {
        const { ends, elapsedMs } = playPair(plan);
        for (const [index, end] of ends.entries()) {
          const other = ends[1 - index]!;
          expect(end.taken).toEqual(end.taken.map((_, at) => at + 1));
          expect(end.freed).toEqual(other.taken.slice(0, end.freed.length));
          if (elapsedMs < 3_000_000 && end.over === null && other.over === null) expect(end.pending).toBe(0);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('with slow disks and mesh queues that fill up lose nothing either', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const faults = { byteLoss: 0.005 };
      const { ends } = playPair({
        seed,
        faults,
        window: 4,
        doneMsMax: 400,
        items: 150,
        roomComesAndGoes: true,
      });
      for (const end of ends) {
        expect(end.taken, `seed ${seed}`).toEqual(Array.from({ length: 150 }, (_, at) => at + 1));
      }
    }
  });

  it('send nothing twice over a good line, even where disks are slow', () => {
    const { ends } = playPair({ seed: 3, faults: {}, window: 4, doneMsMax: 300, items: 100 });
    for (const end of ends) expect(end.counters.snapshot()['link.gap']).toBeUndefined();
    for (const end of ends) expect(end.counters.get('link.duplicate')).toBeLessThan(20);
  });

  it('use the line well', () => {
    const plan = { seed: 1, faults: {}, window: 4, doneMsMax: 0, items: 1_000, isOneWay: true };
    const { elapsedMs, bytesSent } = playPair(plan);
    // Payloads of 36 bytes with frames of 8 bytes more, and acknowledgements of 8 bytes for two of them.
    expect(bytesSent / (1_000 * (44 + 4))).toBeLessThan(1.01);
    expect(elapsedMs).toBeLessThan(((1_000 * 44 * 10_000) / 115_200) * 1.01);
  });
});

/** A link whose effects are kept as short texts. */
function link(options: Partial<LinkOptions> = {}) {
  const counters = new Counters();
  const state = new LinkState<string>({ sendWindow: 4, receiveWindow: 4, ...options }, counters, 0);
  const say = (effects: LinkEffect<string>[]) =>
    effects.map((effect) => {
      if (effect.kind !== 'transmit')
        return `${effect.kind} ${'number' in effect ? effect.number : 'item' in effect ? effect.item : effect.cause}`;
      const { type, seq, ack, notReady, again, item } = effect.frame;
      return [
        type,
        item ?? seq,
        ...(ack > 0 ? [`ack=${ack}`] : []),
        ...(notReady ? ['not-ready'] : []),
        ...(again ? ['again'] : []),
      ].join(' ');
    });
  const handle = (event: LinkEvent<string>, nowMs: number) => say(state.handle(event, nowMs));
  return {
    counters,
    state,
    handle,
    wake: (nowMs: number) => handle({ kind: 'wake' }, nowMs),
    send: (items: string, nowMs: number) => {
      for (const item of items) handle({ kind: 'send', item }, nowMs);
      return handle({ kind: 'wake' }, nowMs);
    },
    hear: (
      type: 'data' | 'ack' | 'nak',
      fields: { seq?: number; ack?: number; notReady?: boolean },
      nowMs: number,
    ) => [
      ...handle(
        { kind: 'frame', frame: { type, seq: 0, ack: 0, notReady: false, payload: NOTHING, ...fields } },
        nowMs,
      ),
      ...handle({ kind: 'wake' }, nowMs),
    ],
    take: (seq: number, nowMs: number) => {
      const frame = { type: 'data', seq, ack: 0, notReady: false, payload: NOTHING } as const;
      expect(handle({ kind: 'frame', frame }, nowMs)).toEqual([`deliver ${seq}`]);
      handle({ kind: 'taken' }, nowMs);
      return handle({ kind: 'wake' }, nowMs);
    },
    done: (number: number, nowMs: number) => {
      handle({ kind: 'done', number }, nowMs);
      return handle({ kind: 'wake' }, nowMs);
    },
  };
}

describe('a link that sends', () => {
  it('sends no more than its window before it is acknowledged', () => {
    const { send, hear } = link();
    expect(send('abcdef', 0)).toEqual(['data a', 'data b', 'data c', 'data d']);
    expect(hear('ack', { ack: 2 }, 10)).toEqual(['freed a', 'freed b', 'data e', 'data f']);
  });

  it('goes back to the oldest unacknowledged when its time is over, ever more slowly', () => {
    const { send, wake } = link();
    send('ab', 0);
    expect(wake(199)).toEqual([]);
    expect(wake(200)).toEqual(['data a again', 'data b again']);
    expect(wake(599)).toEqual([]);
    expect(wake(600)).toEqual(['ack 2', 'data a again', 'data b again']);
  });

  it('follows the round trip with its time-out, between its bounds', () => {
    const { send, hear, wake } = link();
    for (let round = 0; round < 20; round++) {
      send('x', round * 100);
      hear('ack', { ack: round + 1 }, round * 100 + 5);
    }
    send('y', 3_000);
    expect(wake(3_059)).toEqual([]);
    expect(wake(3_060)).toEqual(['data y again']);
  });

  it('learns nothing of the round trip from what went out twice', () => {
    const { send, hear, wake } = link();
    send('a', 0);
    expect(hear('nak', { seq: 0 }, 5)).toEqual(['data a again']);
    hear('ack', { ack: 1 }, 6);
    send('b', 10);
    expect(wake(209)).toEqual([]);
    expect(wake(210)).toEqual(['data b again']);
  });

  // The first bug of the emulated boards: acknowledgements checked against the pointer that a NAK had rewound.
  it('takes an acknowledgement of all that it ever sent, also after a NAK made it go back', () => {
    const { send, hear, handle } = link();
    send('abcd', 0);
    handle({ kind: 'frame', frame: { type: 'nak', seq: 1, ack: 1, notReady: false, payload: NOTHING } }, 5);
    expect(hear('ack', { ack: 4 }, 6)).toEqual(['freed b', 'freed c', 'freed d']);
  });

  it('frees by the acknowledgement of a NAK alone, never by its number', () => {
    const { send, hear } = link();
    send('abcd', 0);
    expect(hear('nak', { seq: 2, ack: 1 }, 5)).toEqual(['freed a', 'data c again', 'data d again']);
    expect(hear('ack', { ack: 1 }, 6)).toEqual([]);
  });

  it('ignores an acknowledgement of what it never sent', () => {
    const { send, hear, counters } = link();
    send('ab', 0);
    expect(hear('ack', { ack: 3 }, 5)).toEqual([]);
    expect(hear('ack', { ack: 255 }, 5)).toEqual([]);
    expect(counters.get('link.bad-ack')).toBe(2);
    expect(hear('ack', { ack: 2 }, 6)).toEqual(['freed a', 'freed b']);
  });

  it('keeps still while the other side is not ready, and asks with its oldest', () => {
    const { send, hear, wake } = link();
    send('ab', 0);
    expect(hear('ack', { ack: 0, notReady: true }, 5)).toEqual([]);
    expect(send('cd', 10)).toEqual([]);
    expect(wake(504)).toEqual([]);
    expect(wake(505)).toEqual(['data a again']);
    expect(hear('ack', { ack: 2 }, 510)).toEqual(['freed a', 'freed b', 'data c', 'data d']);
  });

  it('asks with an acknowledgement where nothing of its own is on its way', () => {
    const { hear, wake } = link();
    hear('ack', { notReady: true }, 5);
    expect(wake(505)).toEqual(['ack 0']);
  });

  it('is over after twelve tries without hearing anything, and not while it hears something', () => {
    const { send, wake, hear, state } = link();
    send('a', 0);
    const cut = (max: number) => {
      let tries = 0;
      let effects: string[] = [];
      while (tries < max && !effects.includes('over no-answer')) {
        effects = wake(state.wakeAtMs!);
        if (effects.includes('data a again')) tries++;
      }
      return tries;
    };
    expect(cut(11)).toBe(11);
    hear('ack', {}, state.wakeAtMs! - 1);
    expect(cut(100)).toBe(13);
    expect(state.wakeAtMs).toBeNull();
    expect(send('b', 1e9)).toEqual([]);
  });

  it('is over where the other side wants what it has acknowledged', () => {
    const { send, hear } = link();
    send('abcd', 0);
    hear('ack', { ack: 3 }, 5);
    const heard = Array.from({ length: LINK_LIMITS.absurdFrames }, (_, at) =>
      hear('nak', { seq: 1, ack: 3 }, 6 + at),
    );
    expect(heard.flat()).toEqual(['over lost-count']);
  });
});

describe('a link that receives', () => {
  it('delivers only the number that it wants', () => {
    const { hear, take, counters } = link();
    take(0, 0);
    expect(hear('data', { seq: 2 }, 1)).toEqual(['nak 1']);
    expect(hear('data', { seq: 0 }, 2)).toEqual(['ack 0']);
    take(1, 3);
    take(2, 3);
    expect(counters.snapshot()).toEqual({ 'link.duplicate': 1, 'link.gap': 1 });
  });

  // The second bug: NAK storms.
  it('asks for what is missing once a gap, and again only after a while', () => {
    const { hear, take } = link();
    take(0, 0);
    expect(hear('data', { seq: 2 }, 1)).toEqual(['nak 1']);
    expect(hear('data', { seq: 3 }, 2)).toEqual([]);
    expect(hear('data', { seq: 4 }, 251)).toEqual(['nak 1 not-ready']);
    take(1, 252);
    expect(hear('data', { seq: 3 }, 253)).toEqual(['nak 2 not-ready']);
  });

  it('asks again at once where numbers rise no longer: its sender went back, and what is missing got lost again', () => {
    const { hear, take } = link();
    take(0, 0);
    expect(hear('data', { seq: 2 }, 1)).toEqual(['nak 1']);
    expect(hear('data', { seq: 3 }, 2)).toEqual([]);
    expect(hear('data', { seq: 2 }, 3)).toEqual(['nak 1']);
    expect(hear('data', { seq: 3 }, 4)).toEqual([]);
    expect(hear('data', { seq: 3 }, 5)).toEqual(['nak 1']);
  });

  it('asks where the line fell quiet although something is missing, four times, ever more slowly', () => {
    const { handle, hear, wake, state } = link();
    hear('ack', {}, 0);
    handle({ kind: 'bytes', isDamaged: true }, 10);
    expect(state.wakeAtMs).toBe(30);
    expect(wake(29)).toEqual([]);
    expect(wake(30)).toEqual(['nak 0']);
    expect(wake(69)).toEqual([]);
    expect(wake(70)).toEqual(['nak 0']);
    expect(wake(150)).toEqual(['nak 0']);
    expect(wake(310)).toEqual(['nak 0']);
    expect(wake(1_000)).toEqual([]);
    handle({ kind: 'bytes', isDamaged: true }, 1_000);
    expect(wake(1_020)).toEqual(['nak 0']);
  });

  it('lets a line be quiet on which nothing is missing', () => {
    const { handle, take, done, wake } = link();
    handle({ kind: 'bytes', isDamaged: true }, 0);
    take(0, 1);
    done(0, 2);
    expect(wake(22)).toEqual(['ack 0 ack=1']);
    expect(wake(500)).toEqual([]);
  });

  it('keeps what came above a gap, and delivers it in order once the gap is filled', () => {
    const { state, handle, done, counters } = link({ mayHold: () => true });
    const data = (seq: number) => {
      const payload = Uint8Array.of(seq);
      const frame = { type: 'data', seq, ack: 0, notReady: false, payload } as const;
      return state.handle({ kind: 'frame', frame }, 1).filter(({ kind }) => kind === 'deliver');
    };
    expect(data(1)).toEqual([]);
    expect(data(2)).toEqual([]);
    expect(data(0)).toEqual([{ kind: 'deliver', number: 0, payload: Uint8Array.of(0) }]);
    const taken = () => state.handle({ kind: 'taken' }, 2);
    expect(taken()).toEqual([{ kind: 'deliver', number: 1, payload: Uint8Array.of(1) }]);
    expect(taken()).toEqual([{ kind: 'deliver', number: 2, payload: Uint8Array.of(2) }]);
    expect(taken()).toEqual([]);
    for (const number of [0, 1, 2]) handle({ kind: 'done', number }, 3);
    expect(done(2, 3)).toEqual(['ack 0 ack=3']);
    expect(data(2)).toEqual([]);
    expect(counters.get('link.duplicate')).toBe(1);
  });

  it('wants one that it kept again if it is refused, and does not hold that against the link', () => {
    const { handle, wake, state } = link({ mayHold: () => true });
    const data = (seq: number) =>
      handle({ kind: 'frame', frame: { type: 'data', seq, ack: 0, notReady: false, payload: NOTHING } }, 0);
    data(1);
    expect(data(0)).toEqual(['deliver 0']);
    expect(handle({ kind: 'taken' }, 0)).toEqual(['deliver 1']);
    handle({ kind: 'refused' }, 0);
    for (let forged = 0; forged < 7; forged++) {
      expect(data(1)).toEqual(['deliver 1']);
      handle({ kind: 'refused' }, 0);
    }
    expect(wake(0)).toEqual([]);
    expect(data(1)).toEqual(['deliver 1']);
    handle({ kind: 'taken' }, 0);
    expect(state.handle({ kind: 'wake' }, 0)).toEqual([]);
  });

  it('keeps nothing that its sender would make anew', () => {
    const { hear, handle } = link({ mayHold: (payload) => payload.length > 0 });
    hear('data', { seq: 1 }, 0);
    hear('data', { seq: 0 }, 0);
    expect(handle({ kind: 'taken' }, 0)).toEqual([]);
  });

  it('acknowledges nothing that is not done with', () => {
    const { take, done } = link();
    take(0, 0);
    take(1, 0);
    expect(done(1, 5)).toEqual([]);
    expect(done(0, 6)).toEqual(['ack 0 ack=2']);
  });

  it('acknowledges one alone within 20 ms, the second at once', () => {
    const { take, done, wake } = link();
    take(0, 0);
    expect(done(0, 1)).toEqual([]);
    expect(wake(20)).toEqual([]);
    expect(wake(21)).toEqual(['ack 0 ack=1']);
    take(1, 22);
    done(1, 23);
    take(2, 24);
    expect(done(2, 25)).toEqual(['ack 0 ack=3']);
  });

  it('lets a frame that goes out anyway carry the acknowledgement', () => {
    const { take, done, send, wake } = link();
    take(0, 0);
    done(0, 1);
    expect(send('a', 2)).toEqual(['data a ack=1']);
    expect(wake(30)).toEqual([]);
  });

  it('makes its sender wait for what is not done with after 40 ms, and lifts that at once', () => {
    const { take, done, wake, state } = link();
    take(0, 0);
    expect(state.wakeAtMs).toBe(40);
    expect(wake(40)).toEqual(['ack 0 not-ready']);
    expect(wake(41)).toEqual([]);
    expect(done(0, 70)).toEqual(['ack 0 ack=1']);
  });

  // The third bug: data dropped in silence where no more could be taken.
  it('says so where it cannot take more', () => {
    const { hear, handle, wake, take, counters } = link();
    handle({ kind: 'room', hasRoom: false }, 0);
    expect(wake(0)).toEqual(['ack 0 not-ready']);
    expect(hear('data', { seq: 0 }, 1)).toEqual(['ack 0 not-ready']);
    expect(counters.get('link.no-room')).toBe(1);
    handle({ kind: 'room', hasRoom: true }, 2);
    expect(wake(2)).toEqual(['ack 0']);
    take(0, 3);
  });

  it('takes no more than its window from a sender that sends beyond it', () => {
    const { take, hear, counters } = link();
    for (let seq = 0; seq < 4; seq++) take(seq, 0);
    expect(hear('data', { seq: 4 }, 1)).toEqual(['ack 0']);
    expect(counters.get('link.no-room')).toBe(1);
  });

  it('stays where it is when a frame is refused, so that the true one is taken', () => {
    const { handle, wake, take } = link();
    const frame = { type: 'data', seq: 0, ack: 0, notReady: false, payload: NOTHING } as const;
    for (let forged = 0; forged < 7; forged++) {
      expect(handle({ kind: 'frame', frame }, 0)).toEqual(['deliver 0']);
      handle({ kind: 'refused' }, 0);
      expect(wake(0)).toEqual([]);
    }
    take(0, 1);
  });

  it('is over after eight refused frames in a row', () => {
    const { handle, wake } = link();
    for (let forged = 0; forged < 8; forged++) handle({ kind: 'refused' }, 0);
    expect(wake(0)).toEqual(['over refused']);
  });

  it('is over where a gap is never filled', () => {
    const { hear } = link();
    const heard = Array.from({ length: LINK_LIMITS.gapFrames }, (_, at) =>
      hear('data', { seq: 1 + (at % 3) }, at),
    );
    expect(heard.flat().filter((text) => text.startsWith('over'))).toEqual(['over lost-count']);
  });

  it('is over where number after number is beyond any window', () => {
    const { hear, counters } = link();
    const heard = Array.from({ length: 8 }, (_, at) => hear('data', { seq: 60 + at }, at));
    expect(heard.flat()).toEqual(['over lost-count']);
    expect(counters.get('link.out-of-window')).toBe(8);
  });

  it('answers a storm of duplicates with an acknowledgement a frame at most', () => {
    const { take, done, hear } = link();
    take(0, 0);
    done(0, 0);
    const heard = Array.from({ length: 1_000 }, () => hear('data', { seq: 0 }, 1));
    expect(heard.every((effects) => effects.length === 1)).toBe(true);
  });

  it('ignores a number that is done with twice, or was never taken', () => {
    const { take, done, wake } = link();
    take(0, 0);
    done(0, 0);
    done(0, 0);
    done(7, 0);
    expect(wake(25)).toEqual(['ack 0 ack=1']);
  });

  it('does not acknowledge a number because it was called done before it came', () => {
    const { take, done, wake } = link();
    done(3, 0);
    for (let seq = 0; seq < 4; seq++) take(seq, 0);
    done(0, 1);
    done(1, 1);
    done(2, 2);
    expect(wake(22)).toEqual(['ack 0 ack=3']);
  });

  it('shows that it is there every two seconds', () => {
    const { wake, state } = link();
    expect(state.wakeAtMs).toBe(2_000);
    expect(wake(1_999)).toEqual([]);
    expect(wake(2_000)).toEqual(['ack 0']);
    expect(state.wakeAtMs).toBe(4_000);
  });
});
