import { el } from './dom.js';
import { moment, span } from './format.js';

const ROWS_MAX = 40;

/** A bar a fault that ended: how long until everybody had everything again. */
export function convergenceTable(run) {
  const rows = run.convergence.slice(0, ROWS_MAX);
  const longest = Math.max(1e-3, ...rows.map(({ seconds }) => seconds ?? 0));
  const table = el(
    'table',
    { class: 'bars' },
    el(
      'thead',
      {},
      el('tr', {}, ...['at', 'after', 'everybody had everything', ''].map((title) => el('th', {}, title))),
    ),
    el(
      'tbody',
      {},
      rows.map(({ t, after, seconds }) => row(run, { t, after, seconds, longest })),
    ),
  );
  const left = run.convergence.length - rows.length;
  return el(
    'div',
    { class: 'scroll' },
    table,
    left > 0 ? el('p', { class: 'note' }, `and ${left} more`) : null,
  );
}

function row(run, { t, after, seconds, longest }) {
  const meter = el('meter', {
    min: 0,
    max: longest,
    value: seconds ?? longest,
    class: seconds === null ? 'never' : '',
  });
  return el(
    'tr',
    {},
    el('td', { class: 'number' }, moment(t, run)),
    el('td', {}, after),
    el(
      'td',
      { class: 'number' },
      seconds === null ? 'never' : seconds === 0 ? 'at once' : `after ${span(seconds)}`,
    ),
    el('td', {}, meter),
  );
}
