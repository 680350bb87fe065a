import { describe, expect, it } from 'vitest';
import { alertId } from '../../../../node/alerts/alert-id.ts';
import { type AlertRule, WATCH_DEFAULTS } from '../../../../node/alerts/alert-rule.ts';
import { ALERTS_MAX, AlertsState, type Observation } from '../../../../node/alerts/alerts-state.ts';

/** A state with a clock, and what it told so far. */
class Told {
  readonly told: string[] = [];
  state: AlertsState;
  nowMs = 0;

  constructor(state = new AlertsState()) {
    this.state = state;
  }

  see(
    rule: AlertRule,
    observations: readonly Observation[],
    { afterMs = 0, absent = 'clear' as const } = {},
  ): void {
    this.nowMs += afterMs;
    const times = { nowMs: this.nowMs, atMs: 1_000_000 + this.nowMs };
    this.#note(this.state.handle({ kind: 'observed', rule, observations, absent, ...times }));
  }

  hold(rule: AlertRule, afterMs: number): void {
    this.nowMs += afterMs;
    const times = { nowMs: this.nowMs, atMs: 1_000_000 + this.nowMs };
    this.#note(this.state.handle({ kind: 'observed', rule, observations: [], absent: 'hold', ...times }));
  }

  acknowledge(id: string): void {
    const acknowledged = { by: 'ann', note: '', atMs: 1 };
    this.#note(
      this.state.handle({ kind: 'acknowledge', id, acknowledged, nowMs: this.nowMs, atMs: this.nowMs }),
    );
  }

  #note(effects: ReturnType<AlertsState['handle']>): void {
    this.told.push(
      ...effects.map(({ kind, alert }) => `${kind} ${alert.subject || alert.id} ${alert.occurrence}`),
    );
  }
}

function ruleOf(changes: Partial<AlertRule> = {}): AlertRule {
  return { ...WATCH_DEFAULTS['peer-silent'], name: 'silent', forMs: 100, clearForMs: 50, ...changes };
}

const hot: AlertRule = {
  ...WATCH_DEFAULTS.value,
  name: 'hot',
  topic: 't',
  limit: { side: 'above', at: 30, clear: 25, unit: null },
};
const barn = (active: boolean): Observation => ({ subject: 'barn', value: null, active });
const at = (value: number): Observation => ({ subject: 't', value });

describe('an alert', () => {
  it('fires once when it was so for long enough, and ends once when it was not', () => {
    const world = new Told();
    const rule = ruleOf();
    world.see(rule, [barn(true)]);
    expect(world.state.alerts).toMatchObject([{ state: 'pending', occurrence: 0, firedAtMs: null }]);
    world.see(rule, [barn(true)], { afterMs: 99 });
    expect(world.told).toEqual([]);
    world.see(rule, [barn(true)], { afterMs: 1 });
    world.see(rule, [barn(true)], { afterMs: 1_000 });
    expect(world.told).toEqual(['fired barn 1']);
    world.see(rule, [barn(false)], { afterMs: 1 });
    world.see(rule, [barn(false)], { afterMs: 49 });
    expect(world.told).toEqual(['fired barn 1']);
    world.see(rule, [barn(false)], { afterMs: 1 });
    world.see(rule, [barn(false)], { afterMs: 1_000 });
    expect(world.told).toEqual(['fired barn 1', 'ended barn 1']);
    expect(world.state.alerts).toMatchObject([{ state: 'ended', sinceMs: 1_000_000, endedAtMs: 1_001_151 }]);
  });

  it('does not flap: what comes and goes faster neither fires nor ends', () => {
    const world = new Told();
    const rule = ruleOf();
    for (let turn = 0; turn < 20; turn++) world.see(rule, [barn(turn % 2 === 0)], { afterMs: 99 });
    expect(world.told).toEqual([]);
    expect(world.state.alerts).toEqual([]);
    world.see(rule, [barn(true)]);
    world.see(rule, [barn(true)], { afterMs: 100 });
    for (let turn = 0; turn < 20; turn++) world.see(rule, [barn(turn % 2 === 1)], { afterMs: 49 });
    expect(world.told).toEqual(['fired barn 1']);
  });

  it('has two thresholds, so that a value at the edge does not flap', () => {
    const world = new Told();
    for (const value of [29, 30, 30.1, 29.9, 30.1, 25.1, 25]) world.see(hot, [at(value)]);
    expect(world.told).toEqual(['fired t 1', 'ended t 1']);
    const cold: AlertRule = { ...hot, name: 'cold', limit: { side: 'below', at: 3, clear: 4, unit: null } };
    for (const value of [3, 2.9, 3.5, 2, 3.9, 4]) world.see(cold, [at(value)]);
    expect(world.told.slice(2)).toEqual(['fired t 1', 'ended t 1']);
  });

  it('is acknowledged for one occurrence; the next one needs a new one', () => {
    const world = new Told();
    world.see(hot, [at(40)]);
    const id = alertId('hot', 't');
    world.acknowledge(id);
    expect(world.state.find(id)).toMatchObject({ state: 'firing', acknowledged: { by: 'ann' } });
    world.see(hot, [at(0)]);
    expect(world.state.find(id)).toMatchObject({ state: 'ended', acknowledged: { by: 'ann' } });
    world.acknowledge(id);
    world.acknowledge('none');
    world.see(hot, [at(40)]);
    expect(world.state.find(id)).toMatchObject({ state: 'firing', occurrence: 2, acknowledged: null });
    expect(world.told).toEqual(['fired t 1', 'acknowledged t 1', 'ended t 1', 'fired t 2']);
  });

  it('ends when its subject is gone, and stays when nothing is known of it', () => {
    const world = new Told();
    const rule = ruleOf({ forMs: 0, clearForMs: 0 });
    world.see(rule, [barn(true)]);
    world.hold(rule, 1_000);
    expect(world.told).toEqual(['fired barn 1']);
    world.see(rule, []);
    expect(world.told).toEqual(['fired barn 1', 'ended barn 1']);
  });

  it('is about the subjects that the rule names alone', () => {
    const world = new Told();
    const rule = ruleOf({ forMs: 0, only: ['barn'] });
    world.see(rule, [barn(true), { subject: 'house', value: null, active: true }]);
    expect(world.told).toEqual(['fired barn 1']);
  });

  it('goes on over a restart: acknowledged, not told twice, ended when it is over', () => {
    const before = new Told();
    before.see(hot, [at(40)]);
    before.acknowledge(alertId('hot', 't'));
    const after = new Told(new AlertsState(JSON.parse(JSON.stringify(before.state.kept)), 0));
    after.hold(hot, 1_000);
    after.see(hot, [at(40)]);
    expect(after.told).toEqual([]);
    expect(after.state.alerts).toEqual(before.state.alerts);
    after.see(hot, [at(0)]);
    expect(after.told).toEqual(['ended t 1']);
  });

  it('ends when its rule is gone', () => {
    const world = new Told();
    world.see(hot, [at(40)]);
    const effects = world.state.handle({ kind: 'rules', names: ['disk'], nowMs: 0, atMs: 1_000_000 });
    expect(effects).toMatchObject([{ kind: 'ended', alert: { rule: 'hot' } }]);
  });

  it('is shown for a day after its end, also if the clock jumps', () => {
    for (const laterMs of [86_400_001, -90_000_000]) {
      const world = new Told();
      world.see(hot, [at(40)]);
      world.see(hot, [at(0)]);
      world.state.handle({ kind: 'rules', names: ['hot'], nowMs: 0, atMs: 1_000_000 + laterMs });
      expect(world.state.alerts).toEqual([]);
    }
  });

  it('of a test fires and ends at once', () => {
    const { state } = new Told();
    const effects = state.handle({ kind: 'test', nowMs: 0, atMs: 5 });
    expect(effects.map(({ kind }) => kind)).toEqual(['fired', 'ended']);
    expect(state.alerts).toMatchObject([{ id: 'test', watch: 'test', state: 'ended' }]);
  });
});

describe('alerts', () => {
  it('follow so many subjects and no more; ended ones make room', () => {
    const world = new Told();
    const rule = ruleOf({ forMs: 0, clearForMs: 0 });
    const all = Array.from({ length: ALERTS_MAX + 10 }, (_, n) => ({
      subject: `peer-${n}`,
      value: null,
      active: true,
    }));
    world.see(rule, all);
    expect(world.told).toHaveLength(ALERTS_MAX);
    expect(world.state.notFollowed).toBe(10);
    world.see(rule, all.slice(5));
    world.see(rule, all.slice(5));
    expect(world.state.alerts).toHaveLength(ALERTS_MAX);
    expect(world.state.alerts.filter(({ state }) => state === 'firing')).toHaveLength(ALERTS_MAX);
  });

  it('come with those that fire first, then pending, then ended ones', () => {
    const world = new Told();
    world.see(hot, [{ subject: 'a', value: 40 }]);
    world.see(hot, [{ subject: 'a', value: 0 }]);
    world.see(hot, [{ subject: 'b', value: 40 }]);
    world.see(ruleOf(), [barn(true)]);
    expect(world.state.alerts.map(({ state }) => state)).toEqual(['firing', 'pending', 'ended']);
  });
});
