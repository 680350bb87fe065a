import { describe, expect, it } from 'vitest';
import { LivenessState, type LivenessVerdict } from '../../../src/overlay/liveness-state.ts';

/** Looks twice a second until the time, and tells what was said and when. */
function watch(
  state: LivenessState,
  fromMs: number,
  toMs: number,
  each: (nowMs: number, verdict: LivenessVerdict) => void = () => {},
): { verdict: LivenessVerdict; atMs: number }[] {
  const said: { verdict: LivenessVerdict; atMs: number }[] = [];
  for (let atMs = fromMs + 500; atMs <= toMs; atMs += 500) {
    const verdict = state.look(atMs);
    if (verdict !== 'fine') said.push({ verdict, atMs });
    each(atMs, verdict);
    if (verdict === 'dead') break;
  }
  return said;
}

describe('liveness', () => {
  it('calls a link that swallows everything dead within 7 s of the last byte', () => {
    const state = new LivenessState(0);
    watch(state, 0, 20_000, (nowMs, verdict) => verdict === 'ask' && state.answered(nowMs + 1));
    state.heard(20_000);
    const said = watch(state, 20_000, 40_000);
    expect(said.at(-1)).toMatchObject({ verdict: 'dead' });
    expect(said.at(-1)!.atMs - 20_000).toBeLessThanOrEqual(7_000);
    expect(said.at(-1)!.atMs - 20_000).toBeGreaterThan(4_000);
  });

  it('spares a link on which bytes arrive, though no answer does', () => {
    const state = new LivenessState(0);
    const said = watch(state, 0, 60_000, (nowMs) => {
      if (nowMs % 1_500 === 0) state.heard(nowMs);
    });
    expect(said.filter(({ verdict }) => verdict === 'dead')).toEqual([]);
    expect(said.filter(({ verdict }) => verdict === 'ask')).toHaveLength(1);
  });

  it('does not call a link dead for one late answer', () => {
    const state = new LivenessState(0);
    let askedMs = 0;
    const said = watch(state, 0, 60_000, (nowMs, verdict) => {
      if (verdict === 'ask') askedMs = nowMs;
      if (nowMs === askedMs + 3_000) state.answered(nowMs);
    });
    expect(said.some(({ verdict }) => verdict === 'dead')).toBe(false);
  });

  it('asks now and then on a busy link, for the round trip', () => {
    const state = new LivenessState(0);
    const said = watch(state, 0, 30_000, (nowMs, verdict) => {
      state.heard(nowMs);
      if (verdict === 'ask') state.answered(nowMs);
    });
    expect(said.length).toBeGreaterThanOrEqual(5);
    expect(said.length).toBeLessThanOrEqual(7);
  });

  it('does not blame the peer for its own sleep', () => {
    const state = new LivenessState(0);
    expect(state.look(500)).toBe('ask');
    expect(state.look(60_000)).toBe('fine');
    expect(state.look(60_500)).toBe('fine');
    expect(state.look(59_000)).toBe('fine');
  });
});
