import type { Acknowledged, Alert, AlertWatch } from './alert.ts';
import { alertId } from './alert-id.ts';
import type { AlertRule } from './alert-rule.ts';
import { textOfAlert } from './alert-text.ts';

/** What was seen of one subject of a rule. */
export interface Observation {
  readonly subject: string;
  /** The figure of rules with a threshold. */
  readonly value: number | null;
  /** Whether it is so, for rules without one. */
  readonly active?: boolean;
  /** More for the sentence, such as why. */
  readonly detail?: string;
}

/** What happens to the state. `nowMs` never goes back and may start anywhere; `atMs` is the wall clock, for people. */
export type AlertsEvent = { readonly nowMs: number; readonly atMs: number } & (
  | {
      readonly kind: 'observed';
      readonly rule: AlertRule;
      readonly observations: readonly Observation[];
      /** What is not among them: no longer so, or not known, so that it stays as it is. */
      readonly absent: 'clear' | 'hold';
    }
  | { readonly kind: 'rules'; readonly names: readonly string[] }
  | { readonly kind: 'acknowledge'; readonly id: string; readonly acknowledged: Acknowledged }
  | { readonly kind: 'test' }
);

/** What is to be done: told of a change. The state is to be saved first. */
export interface AlertsEffect {
  readonly kind: 'fired' | 'ended' | 'acknowledged';
  readonly alert: Alert;
}

/** What is kept over a restart. */
export interface KeptAlert extends Alert {
  readonly state: 'firing' | 'ended';
}

interface Tracked {
  alert: Alert;
  /** By the clock that never goes back: since when it is so, or (while firing) since when it is not; `null` if it is. */
  activeSinceMs: number;
  clearSinceMs: number | null;
}

/** Subjects that all rules together follow; more are not followed, and counted. */
export const ALERTS_MAX = 256;
/** How long one that ended is shown. */
const ENDED_KEPT_MS = 86_400_000;

/** Which alerts there are. Pure: observations and times in, what to tell out. */
export class AlertsState {
  readonly #tracked = new Map<string, Tracked>();
  #notFollowed = 0;

  /** `kept`: what was firing or had ended when the node was last up. */
  constructor(kept: readonly KeptAlert[] = [], nowMs = 0) {
    for (const alert of kept.slice(0, ALERTS_MAX)) {
      this.#tracked.set(alert.id, { alert, activeSinceMs: nowMs, clearSinceMs: null });
    }
  }

  /** Firing ones first, then pending and ended ones; the latest first. */
  get alerts(): readonly Alert[] {
    const order = { firing: 0, pending: 1, ended: 2 };
    return [...this.#tracked.values()]
      .map(({ alert }) => alert)
      .sort((a, b) => order[a.state] - order[b.state] || b.sinceMs - a.sinceMs);
  }

  /** Subjects that were not followed, as there were too many. */
  get notFollowed(): number {
    return this.#notFollowed;
  }

  /** What a restart must not lose. */
  get kept(): readonly KeptAlert[] {
    return this.alerts.filter((alert): alert is KeptAlert => alert.state !== 'pending');
  }

  find(id: string): Alert | null {
    return this.#tracked.get(id)?.alert ?? null;
  }

  /** Takes an event in; what it returns is in the order in which it happened. */
  handle(event: AlertsEvent): readonly AlertsEffect[] {
    this.#forget(event.atMs);
    switch (event.kind) {
      case 'observed':
        return this.#observed(event);
      case 'rules':
        return this.#onlyRules(new Set(event.names), event.atMs);
      case 'acknowledge':
        return this.#acknowledge(event.id, event.acknowledged);
      case 'test':
        return this.#test(event.atMs);
    }
  }

  #observed({
    rule,
    observations,
    absent,
    nowMs,
    atMs,
  }: Extract<AlertsEvent, { kind: 'observed' }>): AlertsEffect[] {
    const effects: AlertsEffect[] = [];
    const seen = new Set<string>();
    for (const observation of observations) {
      if (rule.only !== null && !rule.only.includes(observation.subject)) continue;
      const id = alertId(rule.name, observation.subject);
      seen.add(id);
      effects.push(...this.#look(id, rule, observation, { nowMs, atMs }));
    }
    if (absent === 'hold') return effects;
    for (const [id, { alert }] of this.#tracked) {
      if (alert.rule !== rule.name || alert.state === 'ended' || seen.has(id)) continue;
      const gone = { subject: alert.subject, value: null, active: false };
      effects.push(...this.#look(id, { ...rule, limit: null }, gone, { nowMs, atMs }));
    }
    return effects;
  }

  #look(
    id: string,
    rule: AlertRule,
    observation: Observation,
    { nowMs, atMs }: { readonly nowMs: number; readonly atMs: number },
  ): AlertsEffect[] {
    let tracked = this.#tracked.get(id);
    const active = isActive(rule, observation, tracked?.alert.state === 'firing');
    if (tracked === undefined || tracked.alert.state === 'ended') {
      if (!active) return [];
      tracked = this.#begin(id, rule, observation, { nowMs, atMs }) ?? undefined;
      if (tracked === undefined) return [];
    }
    if (observation.value !== null) tracked.alert = { ...tracked.alert, value: observation.value };
    if (tracked.alert.state === 'pending') {
      if (!active) {
        this.#giveUp(id, tracked);
        return [];
      }
      return nowMs - tracked.activeSinceMs >= rule.forMs ? [this.#fire(tracked, atMs)] : [];
    }
    if (active) {
      tracked.clearSinceMs = null;
      return [];
    }
    tracked.clearSinceMs ??= nowMs;
    return nowMs - tracked.clearSinceMs >= rule.clearForMs ? [this.#end(tracked, atMs)] : [];
  }

  #begin(
    id: string,
    rule: AlertRule,
    observation: Observation,
    { nowMs, atMs }: { readonly nowMs: number; readonly atMs: number },
  ): Tracked | null {
    const before = this.#tracked.get(id);
    if (before === undefined && !this.#hasRoom()) {
      this.#notFollowed++;
      return null;
    }
    const { subject, value } = observation;
    const alert: Alert = {
      id,
      rule: rule.name,
      watch: rule.watch,
      severity: rule.severity,
      subject,
      state: 'pending',
      ...textOfAlert(rule, observation),
      value,
      limit: rule.limit?.at ?? null,
      occurrence: before?.alert.occurrence ?? 0,
      sinceMs: atMs,
      firedAtMs: null,
      endedAtMs: null,
      acknowledged: null,
    };
    const tracked = { alert, activeSinceMs: nowMs, clearSinceMs: null };
    this.#tracked.set(id, tracked);
    return tracked;
  }

  #fire(tracked: Tracked, atMs: number): AlertsEffect {
    const { alert } = tracked;
    tracked.alert = { ...alert, state: 'firing', occurrence: alert.occurrence + 1, firedAtMs: atMs };
    tracked.clearSinceMs = null;
    return { kind: 'fired', alert: tracked.alert };
  }

  #end(tracked: Tracked, atMs: number): AlertsEffect {
    tracked.alert = { ...tracked.alert, state: 'ended', endedAtMs: atMs };
    return { kind: 'ended', alert: tracked.alert };
  }

  /** It never fired this time: what it was before is no longer to be had, and how often it fired is kept. */
  #giveUp(id: string, tracked: Tracked): void {
    if (tracked.alert.occurrence === 0) this.#tracked.delete(id);
    else tracked.alert = { ...tracked.alert, state: 'ended', endedAtMs: tracked.alert.sinceMs };
  }

  /** Alerts of rules that are gone end. */
  #onlyRules(names: ReadonlySet<string>, atMs: number): AlertsEffect[] {
    return [...this.#tracked.values()]
      .filter(({ alert }) => alert.state === 'firing' && !names.has(alert.rule))
      .map((tracked) => this.#end(tracked, atMs));
  }

  #acknowledge(id: string, acknowledged: Acknowledged): AlertsEffect[] {
    const tracked = this.#tracked.get(id);
    if (tracked === undefined || tracked.alert.state !== 'firing') return [];
    tracked.alert = { ...tracked.alert, acknowledged };
    return [{ kind: 'acknowledged', alert: tracked.alert }];
  }

  /** Fires and ends at once: it goes all the ways of an alert, and nobody has to clear it away. */
  #test(atMs: number): AlertsEffect[] {
    const rule = { name: 'test', watch: 'test' as AlertWatch, severity: 'warning' as const };
    const watched = { ...rule, forMs: 0, clearForMs: 0, limit: null, only: null, topic: null, field: null };
    const observation = { subject: '', value: null, active: true };
    const tracked = this.#begin('test', { ...watched, growing: false, each: false }, observation, {
      nowMs: 0,
      atMs,
    });
    if (tracked === null) return [];
    return [this.#fire(tracked, atMs), this.#end(tracked, atMs)];
  }

  #hasRoom(): boolean {
    if (this.#tracked.size < ALERTS_MAX) return true;
    const ended = [...this.#tracked].filter(([, { alert }]) => alert.state === 'ended');
    ended.sort(([, a], [, b]) => (a.alert.endedAtMs ?? 0) - (b.alert.endedAtMs ?? 0));
    const [oldest] = ended;
    return oldest !== undefined && this.#tracked.delete(oldest[0]);
  }

  #forget(atMs: number): void {
    for (const [id, { alert }] of this.#tracked) {
      // A clock that was ahead must not keep them for ever.
      if (alert.state === 'ended' && Math.abs(atMs - (alert.endedAtMs ?? 0)) > ENDED_KEPT_MS)
        this.#tracked.delete(id);
    }
  }
}

/** Whether it is so: beyond the threshold, and once it fires until the other one is passed. */
function isActive({ limit }: AlertRule, { value, active = false }: Observation, firing: boolean): boolean {
  if (limit === null || value === null) return active;
  const { side, at, clear } = limit;
  if (side === 'above') return firing ? value > Math.min(at, clear) : value > at;
  return firing ? value < Math.max(at, clear) : value < at;
}
