import { describe, expect, it } from 'vitest';
import { type PortEvent, PortState } from '../../../firmware-bridge/host/bridge/port-state.ts';

const opened: PortEvent = { kind: 'opened' };
const missing: PortEvent = { kind: 'ended', code: 'serial.port-missing' };
const refused: PortEvent = { kind: 'open-failed', code: 'serial.port-denied' };

/** A port that was started, and a clock that runs to each retry. */
function portOf({ isGuess = false, random = (): number => 1 } = {}) {
  const state = new PortState({ isGuess, random });
  let nowMs = 0;
  return {
    state,
    on: (event: PortEvent) => state.handle(event, nowMs).map(({ kind }) => kind),
    /** Waits for the retry; resolves with how long that was. */
    retry() {
      const waitedMs = state.wakeAtMs! - nowMs;
      nowMs = state.wakeAtMs!;
      expect(state.handle({ kind: 'wake' }, nowMs)).toEqual([{ kind: 'open' }]);
      return waitedMs;
    },
  };
}

describe('a port that is looked after', () => {
  it('is opened when it starts, once', () => {
    const { on, state } = portOf();
    expect(on({ kind: 'start' })).toEqual(['open']);
    expect(on({ kind: 'start' })).toEqual([]);
    on(opened);
    expect(state.phase).toBe('open');
    expect(state.wakeAtMs).toBeNull();
  });

  it('is tried again for ever, with waits that double up to a cap', () => {
    const { on, retry } = portOf();
    on({ kind: 'start' });
    const waits = Array.from({ length: 8 }, () => {
      on(refused);
      return retry();
    });
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it('is tried every two seconds at least while it is missing', () => {
    const { on, retry } = portOf();
    on({ kind: 'start' });
    const waits = Array.from({ length: 6 }, () => {
      on({ kind: 'open-failed', code: 'serial.port-missing' });
      return retry();
    });
    expect(waits).toEqual([250, 500, 1_000, 2_000, 2_000, 2_000]);
  });

  it('waits at least half of that by chance', () => {
    const { on, retry } = portOf({ random: () => 0 });
    on({ kind: 'start' });
    on(refused);
    expect(retry()).toBe(125);
  });

  it('starts with a short wait again once a device was served', () => {
    const { on, retry } = portOf();
    on({ kind: 'start' });
    for (let failure = 0; failure < 6; failure++) {
      on(refused);
      retry();
    }
    on(opened);
    on({ kind: 'served' });
    on(missing);
    expect(retry()).toBe(250);
  });

  it('does not wake early', () => {
    const { on } = portOf();
    on({ kind: 'start' });
    on(refused);
    expect(on({ kind: 'wake' })).toEqual([]);
  });

  it('is opened at once when ports changed and it was missing, and not if it was forbidden', () => {
    const unplugged = portOf();
    unplugged.on({ kind: 'start' });
    unplugged.on(opened);
    unplugged.on(missing);
    expect(unplugged.on({ kind: 'ports-changed' })).toEqual(['open']);
    const forbidden = portOf();
    forbidden.on({ kind: 'start' });
    forbidden.on(refused);
    expect(forbidden.on({ kind: 'ports-changed' })).toEqual([]);
  });

  it('is tried once more at once when ports changed while it was found missing', () => {
    const { on } = portOf();
    on({ kind: 'start' });
    on({ kind: 'ports-changed' });
    expect(on({ kind: 'open-failed', code: 'serial.port-missing' })).toEqual(['open']);
    expect(on({ kind: 'open-failed', code: 'serial.port-missing' })).toEqual([]);
  });

  it('is tried at once where somebody waits for it', () => {
    const { on } = portOf();
    on({ kind: 'start' });
    on(refused);
    expect(on({ kind: 'hurry' })).toEqual(['open']);
    expect(on({ kind: 'hurry' })).toEqual([]);
    on(opened);
    expect(on({ kind: 'hurry' })).toEqual([]);
  });

  it('is closed before it is opened anew when its session finds it dead', () => {
    const { on, retry } = portOf();
    on({ kind: 'start' });
    on(opened);
    expect(on({ kind: 'reopen', heard: true })).toEqual(['close']);
    expect(on({ kind: 'reopen', heard: true })).toEqual([]);
    on({ kind: 'closed' });
    expect(retry()).toBe(250);
  });

  it('is opened ever more rarely where nobody speaks, most of all where nobody named it', () => {
    const waitsOf = (isGuess: boolean) => {
      const { on, retry } = portOf({ isGuess });
      on({ kind: 'start' });
      let waitMs = 0;
      for (let opening = 0; opening < 20; opening++) {
        on(opened);
        on({ kind: 'reopen', heard: false });
        on({ kind: 'closed' });
        waitMs = retry();
      }
      return waitMs;
    };
    expect(waitsOf(false)).toBe(60_000);
    expect(waitsOf(true)).toBe(600_000);
  });

  it('is let go for another program and taken back', () => {
    const { on, state } = portOf();
    on({ kind: 'start' });
    on(opened);
    expect(on({ kind: 'release' })).toEqual(['close']);
    on({ kind: 'closed' });
    expect(state.phase).toBe('released');
    expect(on({ kind: 'ports-changed' })).toEqual([]);
    expect(on({ kind: 'reclaim' })).toEqual(['open']);
  });

  it('is let go also while it opens, waits or closes', () => {
    const opening = portOf();
    opening.on({ kind: 'start' });
    expect(opening.on({ kind: 'release' })).toEqual([]);
    expect(opening.on(opened)).toEqual(['close']);
    opening.on({ kind: 'closed' });
    expect(opening.state.phase).toBe('released');

    const waiting = portOf();
    waiting.on({ kind: 'start' });
    waiting.on(refused);
    waiting.on({ kind: 'release' });
    expect(waiting.state.phase).toBe('released');

    const closing = portOf();
    closing.on({ kind: 'start' });
    closing.on(opened);
    closing.on({ kind: 'reopen', heard: true });
    closing.on({ kind: 'release' });
    closing.on({ kind: 'closed' });
    expect(closing.state.phase).toBe('released');
  });

  it('is taken back also before it was quite let go', () => {
    const { on, retry } = portOf();
    on({ kind: 'start' });
    on(opened);
    on({ kind: 'release' });
    expect(on({ kind: 'reclaim' })).toEqual([]);
    on({ kind: 'closed' });
    expect(retry()).toBe(250);

    const opening = portOf();
    opening.on({ kind: 'start' });
    opening.on({ kind: 'release' });
    opening.on({ kind: 'reclaim' });
    opening.on(opened);
    expect(opening.state.phase).toBe('open');
  });

  it('does nothing more once it was stopped', () => {
    const { on, state } = portOf();
    on({ kind: 'start' });
    on(opened);
    expect(on({ kind: 'stop' })).toEqual(['close']);
    on({ kind: 'closed' });
    expect(state.phase).toBe('stopped');
    for (const event of [missing, { kind: 'ports-changed' }, { kind: 'release' }, { kind: 'wake' }] as const)
      expect(on(event)).toEqual([]);
    expect(state.phase).toBe('stopped');
  });
});
