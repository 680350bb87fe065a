import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Watchdog } from '../../../../node/service/watchdog.ts';

const WITHIN_MS = 60_000;
/** It looks four times in that span. */
const LOOK_MS = WITHIN_MS / 4;

let said: string[];
let warned: string[];
let progress: () => Promise<string>;
let watchdog: Watchdog;

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  warned = [];
  progress = async () => 'all is well';
  const log = {
    debug: () => {},
    info: () => {},
    error: () => {},
    warn: (_: unknown, text: string) => warned.push(text),
  };
  watchdog = new Watchdog(
    { withinMs: WITHIN_MS },
    { progress: () => progress(), onAlive: async (sentence) => void said.push(sentence), log },
  );
});

afterEach(() => {
  watchdog.stop();
  vi.useRealTimers();
});

describe('the watchdog', () => {
  it('says at once, and four times in its span, that the agent gets on', async () => {
    watchdog.start();
    await vi.advanceTimersByTimeAsync(WITHIN_MS);
    expect(said).toEqual(Array(5).fill('all is well'));
  });

  it('says nothing while the agent does not, though its timers run', async () => {
    progress = () => new Promise(() => {});
    watchdog.start();
    await vi.advanceTimersByTimeAsync(3 * WITHIN_MS);
    expect(said).toEqual([]);
    expect(warned).toEqual(['the agent does not get on; the watchdog waits']);
  });

  it('goes on when the agent does', async () => {
    const slow = Promise.withResolvers<string>();
    progress = () => slow.promise;
    watchdog.start();
    await vi.advanceTimersByTimeAsync(2.5 * LOOK_MS);
    slow.resolve('late');
    progress = async () => 'all is well';
    await vi.advanceTimersByTimeAsync(LOOK_MS);
    expect(said).toEqual(['late', 'all is well']);
  });

  it('says nothing for an agent that cannot tell', async () => {
    progress = async () => {
      throw new Error('the socket is closed');
    };
    watchdog.start();
    await vi.advanceTimersByTimeAsync(LOOK_MS);
    expect(said).toEqual([]);
    expect(warned[0]).toBe('the agent cannot tell whether it gets on');
  });

  it('says nothing after it was stopped', async () => {
    const slow = Promise.withResolvers<string>();
    progress = () => slow.promise;
    watchdog.start();
    watchdog.stop();
    slow.resolve('too late');
    await vi.advanceTimersByTimeAsync(WITHIN_MS);
    expect(said).toEqual([]);
  });
});
