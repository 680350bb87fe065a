import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SeededRandom, VirtualClock } from '../../simulations/index.ts';
import { isSedgeError } from '../../src/errors/index.ts';

const START_MS = Date.UTC(2026, 0, 1);
const real = { setTimeout, setImmediate, Date, now: performance.now, random: Math.random };

describe('a virtual clock', () => {
  let clock: VirtualClock;
  let log: string[];

  beforeEach(() => {
    clock = new VirtualClock({ random: new SeededRandom('clock').next, sameInstantMax: 20_000 });
    clock.install();
    log = [];
  });

  afterEach(() => clock.uninstall());

  it('fires timers in order of time, then of asking, and shows their time', async () => {
    const note = (name: string) => log.push(`${name} ${Date.now() - START_MS} ${performance.now()}`);
    setTimeout(note, 20, 'c');
    setTimeout(note, 10, 'a');
    setTimeout(note, 10, 'b');
    setTimeout(note, 30, 'd');
    await clock.advance(25);
    expect(log).toEqual(['a 10 10', 'b 10 10', 'c 20 20']);
    expect([clock.elapsedMs, clock.nowMs, new Date().toISOString()]).toEqual([
      25,
      START_MS + 25,
      '2026-01-01T00:00:00.025Z',
    ]);
  });

  it('runs microtasks after each callback, and immediates before the next timer, in no time', async () => {
    setTimeout(() => {
      log.push('timer 1');
      setImmediate(() => log.push(`immediate ${performance.now()}`));
      void Promise.resolve().then(async () => {
        log.push('microtask');
        await null;
        setImmediate(() => log.push('late immediate'));
      });
      process.nextTick(() => log.push('tick'));
    }, 1);
    setTimeout(() => log.push('timer 2'), 1);
    await clock.advance(1);
    expect(log).toEqual(['timer 1', 'tick', 'microtask', 'immediate 1', 'late immediate', 'timer 2']);
  });

  it('takes what is no delay, or too long for one, for a millisecond, as Node does', async () => {
    for (const ms of [0, -5, Number.NaN, 2 ** 31, undefined]) setTimeout(() => log.push(`${ms}`), ms);
    await clock.advance(1);
    expect(log).toHaveLength(5);
  });

  it('waits longer than any timer can', async () => {
    await clock.advance(400 * 86_400_000);
    expect(new Date().getUTCFullYear()).toBe(2027);
  });

  it('clears and refreshes timers, by object and by number', async () => {
    const cleared = setTimeout(() => log.push('cleared'), 5);
    const byNumber = +setTimeout(() => log.push('by number'), 5);
    const refreshed = setTimeout(() => log.push(`refreshed ${performance.now()}`), 10);
    const every = setInterval(() => log.push(`every ${performance.now()}`), 7);
    const immediate = setImmediate(() => log.push('immediate'));
    clearTimeout(cleared);
    clearTimeout(byNumber);
    clearTimeout(undefined);
    clearImmediate(immediate);
    expect([refreshed.hasRef(), refreshed.unref().hasRef(), refreshed.ref()]).toEqual([
      true,
      false,
      refreshed,
    ]);
    await clock.advance(6);
    refreshed.refresh();
    await clock.advance(14);
    clearInterval(every);
    await clock.advance(100);
    expect(log).toEqual(['every 7', 'every 14', 'refreshed 16']);
    expect(clock.armed).toBe(0);
  });

  it('ends the signals of AbortSignal.timeout', async () => {
    const signal = AbortSignal.timeout(50);
    await clock.advance(49);
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  it('decides Math.random', () => {
    const random = new SeededRandom('clock');
    expect([Math.random(), Math.random()]).toEqual([random.next(), random.next()]);
  });

  it('gives all globals back', () => {
    clock.uninstall();
    clock.uninstall();
    expect({ setTimeout, setImmediate, Date, now: performance.now, random: Math.random }).toEqual(real);
    expect(Object.hasOwn(performance, 'now')).toBe(false);
  });

  it('is one at a time in a process', () => {
    const other = new VirtualClock({ random: Math.random });
    expect(() => other.install()).toThrow(expect.objectContaining({ code: 'simulation.clock-taken' }));
    other.uninstall();
    expect(setTimeout).not.toBe(real.setTimeout);
  });

  it('does not stand in for the fake timers of a test', () => {
    clock.uninstall();
    vi.useFakeTimers();
    try {
      expect(() => clock.install()).toThrow(expect.objectContaining({ code: 'simulation.clock-taken' }));
    } finally {
      vi.useRealTimers();
    }
  });

  it('makes dates that are dates, and reads texts as ever', () => {
    expect(new Date()).toBeInstanceOf(Date);
    expect(new Date()).toBeInstanceOf(real.Date);
    expect(new Date('2020-02-02T00:00:00Z').getTime()).toBe(real.Date.UTC(2020, 1, 2));
    expect(Date.parse('1970-01-01T00:00:01Z')).toBe(1_000);
  });

  it('passes until a promise is settled, and no longer', async () => {
    const value = await clock.settle(new Promise((resolve) => setTimeout(resolve, 70, 'done')));
    expect([value, clock.elapsedMs]).toEqual(['done', 70]);
    await expect(clock.settle(Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('lets several wait at once, also from within callbacks', async () => {
    const wait = async (name: string, ms: number) => {
      await clock.advance(ms);
      log.push(`${name} ${clock.elapsedMs}`);
    };
    setTimeout(() => void wait('within', 10), 5);
    await Promise.all([wait('long', 100), wait('short', 20)]);
    expect(log).toEqual(['within 15', 'short 20', 'long 100']);
  });

  it('says that nothing will happen any more, or not in time', async () => {
    const never = new Promise(() => {});
    const stuck = (error: unknown) => isSedgeError(error, 'simulation.stuck');
    await expect(clock.settle(never)).rejects.toSatisfy(stuck);
    setTimeout(() => {}, 1_000);
    await expect(clock.settle(never, { withinMs: 999 })).rejects.toSatisfy(stuck);
  });

  it('throws what a callback threw to whoever waits, and goes on', async () => {
    setTimeout(() => {
      throw new Error('in a callback');
    }, 5);
    setTimeout(() => log.push('after'), 6);
    await expect(clock.advance(10)).rejects.toThrow('in a callback');
    await clock.advance(10);
    expect(log).toEqual(['after']);
  });

  it('names what keeps time from passing', async () => {
    const spinForEver = () => setImmediate(spinForEver);
    spinForEver();
    await expect(clock.advance(1)).rejects.toMatchObject({
      code: 'simulation.livelock',
      details: { madeAt: expect.stringContaining('spinForEver') },
    });
  });

  it('ends a wait by its signal, and tells how far it is', async () => {
    const every = () => setTimeout(every, 1);
    every();
    const abort = new AbortController();
    const told: number[] = [];
    const onProgress = (nowMs: number) => {
      told.push(nowMs);
      if (told.length === 2) abort.abort(new Error('enough'));
    };
    await expect(clock.advance(1e12, { signal: abort.signal, onProgress })).rejects.toThrow('enough');
    expect(told[1]).toBeGreaterThan(told[0]!);
  });

  it('stands still while real work is held', async () => {
    const server = createServer().listen(0);
    const release = clock.hold();
    const listening = once(server, 'listening').then(() => {
      log.push(`listening ${clock.elapsedMs}`);
      release();
    });
    setTimeout(() => log.push('timer'), 1);
    await clock.advance(5);
    await listening;
    server.close();
    expect(log).toEqual(['listening 0', 'timer']);
  });
});
