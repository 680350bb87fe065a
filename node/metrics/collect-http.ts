import type { HttpStatus } from '../control/index.ts';
import type { LabelBudget } from './label-budget.ts';
import type { MetricValues } from './metric-values.ts';

/** Counters of the HTTP API that are not refusals by the code of their error. */
const NO_CODES: ReadonlySet<string> = new Set([
  'requests',
  'connections',
  'messagesIn',
  'messagesOut',
  'streams',
  'streamsBehind',
]);

/** The HTTP API. */
export function collectHttp(
  values: MetricValues,
  { connections, counters }: HttpStatus,
  budget: LabelBudget,
): void {
  values.set('sedge_http_connections', connections);
  values.set('sedge_http_requests_total', counters.requests ?? 0);
  values.set('sedge_http_messages_total', counters.messagesIn ?? 0, { direction: 'in' });
  values.set('sedge_http_messages_total', counters.messagesOut ?? 0, { direction: 'out' });
  const refusals = Object.entries(counters).filter(([name]) => !NO_CODES.has(name));
  const codeOf = budget.place(
    'httpCode',
    refusals.map(([name]) => name),
  );
  for (const [name, count] of refusals)
    values.set('sedge_http_refusals_total', count, { code: codeOf(name) });
}
