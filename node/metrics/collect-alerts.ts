import type { LabelBudget } from './label-budget.ts';
import type { MetricValues } from './metric-values.ts';

/** What is used of the alerts of this node. */
export interface AlertFigures {
  readonly counts: { readonly firing: number; readonly unacknowledged: number; readonly pending: number };
  readonly rules: readonly { readonly rule: string; readonly severity: string }[];
  readonly alerts: readonly { readonly rule: string; readonly severity: string; readonly state: string }[];
  readonly webhooks: readonly { readonly failed: number; readonly dropped: number }[];
}

/** Alerts of this node. */
export function collectAlerts(values: MetricValues, report: AlertFigures, budget: LabelBudget): void {
  const { counts, rules, alerts, webhooks } = report;
  for (const state of ['firing', 'unacknowledged', 'pending'] as const)
    values.set('sedge_alerts', counts[state], { state });
  const all = [...rules, ...alerts];
  const ruleOf = budget.place('rule', new Set(all.map(({ rule }) => rule)));
  for (const { rule, severity } of rules)
    values.set('sedge_alert_rule_firing', 0, { rule: ruleOf(rule), severity });
  for (const { rule, severity, state } of alerts)
    if (state === 'firing') values.set('sedge_alert_rule_firing', 1, { rule: ruleOf(rule), severity });
  if (webhooks.length === 0) return;
  const failures = webhooks.reduce((sum, { failed, dropped }) => sum + failed + dropped, 0);
  values.set('sedge_alert_webhook_failures_total', failures);
}
