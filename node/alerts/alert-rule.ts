import type { AlertSeverity, AlertWatch } from './alert.ts';

/** A threshold and where it is left again: apart from each other, or a value at the edge would flap. */
export interface AlertLimit {
  readonly side: 'above' | 'below';
  readonly at: number;
  readonly clear: number;
  /** Of the disk: a part of it in percent (used), or bytes (free). */
  readonly unit: 'percent' | 'bytes' | null;
}

/** A rule, checked. */
export interface AlertRule {
  /** 1 to 32 of a-z, 0-9 and `-`. */
  readonly name: string;
  readonly watch: AlertWatch;
  readonly severity: AlertSeverity;
  /** So long it must be so before it fires, milliseconds. */
  readonly forMs: number;
  /** So long it must not be so before it ends, milliseconds. */
  readonly clearForMs: number;
  /** `null` where the watch has no figure. */
  readonly limit: AlertLimit | null;
  /** Subjects that it is about; `null` for all. */
  readonly only: readonly string[] | null;
  /** Filter of topics, of `topic-silent` and `value`. */
  readonly topic: string | null;
  /** Place of the figure in a JSON payload, such as `battery.volts`; `null` where the payload is the figure. */
  readonly field: string | null;
  /** `backlog`: that it grows is enough, whatever it is. */
  readonly growing: boolean;
  /** `topic-silent`: each topic that was ever heard has to go on, not just one of them. */
  readonly each: boolean;
}

const MINUTE_MS = 60_000;

/** What each watch has where a rule says nothing. */
export const WATCH_DEFAULTS: Readonly<Record<Exclude<AlertWatch, 'test'>, Omit<AlertRule, 'name'>>> =
  Object.freeze({
    'peer-silent': base('peer-silent', { forMs: 15 * MINUTE_MS, clearForMs: 30_000 }),
    backlog: base('backlog', { forMs: 10 * MINUTE_MS, clearForMs: MINUTE_MS }),
    disk: base('disk', {
      severity: 'alarm',
      forMs: MINUTE_MS,
      clearForMs: MINUTE_MS,
      limit: { side: 'above', at: 90, clear: 88, unit: 'percent' },
    }),
    clock: base('clock', {
      clearForMs: 10 * MINUTE_MS,
      limit: { side: 'above', at: 30, clear: 30, unit: null },
    }),
    fork: base('fork', { severity: 'alarm' }),
    'bad-tags': base('bad-tags', {
      severity: 'alarm',
      clearForMs: MINUTE_MS,
      limit: { side: 'above', at: 5, clear: 0, unit: null },
    }),
    'topic-silent': base('topic-silent', { clearForMs: 0 }),
    value: base('value', {}),
  });

/** Rules that are in force unless the configuration switches them off; each has the name of its watch. */
export const BUILT_IN_RULES: readonly AlertRule[] = Object.freeze(
  (['peer-silent', 'disk', 'clock', 'fork', 'bad-tags'] as const).map((name) => ({
    name,
    ...WATCH_DEFAULTS[name],
  })),
);

function base(
  watch: AlertWatch,
  changes: Partial<Pick<AlertRule, 'severity' | 'forMs' | 'clearForMs' | 'limit'>>,
): Omit<AlertRule, 'name'> {
  return Object.freeze({
    watch,
    severity: 'warning',
    forMs: 0,
    clearForMs: 0,
    limit: null,
    only: null,
    topic: null,
    field: null,
    growing: false,
    each: false,
    ...changes,
  });
}
