import { el } from './dom.js';
import { count } from './format.js';

const COLUMNS = ['node', 'published', 'delivered', 'missing'];

/** Every node with its counts; those that miss something first. */
export function nodeTable(run) {
  const rows = [...run.nodes].sort((x, y) => y.missing - x.missing).slice(0, 500);
  const cells = ({ name, published, delivered, missing }) => [
    el('td', {}, name),
    ...[published, delivered, missing].map((value) => el('td', { class: 'number' }, count(value))),
  ];
  return el(
    'div',
    { class: 'scroll' },
    el(
      'table',
      {},
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          COLUMNS.map((title) => el('th', {}, title)),
        ),
      ),
      el(
        'tbody',
        {},
        rows.map((row) => el('tr', { class: row.missing > 0 ? 'bad' : '' }, cells(row))),
      ),
    ),
  );
}
