import { el } from '../dom.js';
import { liveTime } from '../live-time.js';

/**
 * The elements of a topic's detail, to be filled.
 * @param {string} topic
 * @param {import('../plot.js').Plot} plot
 */
export function topicDetailParts(topic, plot) {
  const value = el('pre', { class: 'payload', tabindex: '0', 'aria-label': 'Last value' });
  const [size, from, channel, rate] = [el('dd'), el('dd'), el('dd'), el('dd')];
  const when = liveTime();
  const field = el('select', { id: 'plot-field' });
  const fieldPart = el('p', { class: 'field' }, el('label', { for: 'plot-field' }, 'Plotted field '), field);
  const range = el('p', { class: 'note' });
  const plotPart = el('div', { class: 'plot-part' }, fieldPart, plot.element, range);
  const history = el('tbody');
  const heads = /** @type {const} */ ([
    ['Time', 'figure'],
    ['Value', 'text'],
    ['From', 'text'],
    ['Number', 'figure'],
  ]).map(([title, kind]) => el('th', { scope: 'col', class: kind }, title));
  const historyPart = el(
    'div',
    { class: 'history' },
    el('h3', {}, 'What came'),
    el(
      'div',
      { class: 'scroller', tabindex: '0', role: 'region', 'aria-label': 'What came' },
      el('table', {}, el('thead', {}, el('tr', {}, heads)), history),
    ),
  );
  const facts = el(
    'dl',
    { class: 'facts' },
    ...[
      ['When', el('dd', {}, when.element)],
      ['From', from],
      ['Rate', rate],
      ['Channel', channel],
      ['Size', size],
    ].flatMap(([title, entry]) => [
      el('div', {}, el('dt', {}, /** @type {string} */ (title)), /** @type {HTMLElement} */ (entry)),
    ]),
  );
  const element = el(
    'div',
    {},
    el('a', { class: 'back', href: '#/topics' }, 'All topics'),
    el(
      'h2',
      { class: 'topic-name' },
      ...topic.split('/').flatMap((part, index) => (index === 0 ? [part] : ['/', el('wbr'), part])),
    ),
    value,
    facts,
    plotPart,
    historyPart,
  );
  return {
    element,
    value,
    size,
    from,
    channel,
    rate,
    when,
    field,
    fieldPart,
    range,
    plotPart,
    history,
    historyPart,
  };
}
