import { el, setText, show } from '../dom.js';
import { bytes, count, dateTime, nodeName, plural, timeOfDay } from '../format.js';
import { emptyState, panel } from '../pieces.js';
import { RingBuffer } from '../ring-buffer.js';
import { isTopicFilter } from '../topic-filter.js';

/** Messages kept; at the limit the oldest go. */
const KEPT_MAX = 1_000;
/** Of them so many are drawn. */
const SHOWN_MAX = 200;
const FILTER_RULE =
  'A filter is levels with slashes between them; + stands for one level, # at the end for all below.';
const COLUMNS = /** @type {const} */ ([
  ['Time', 'figure'],
  ['Topic', 'text'],
  ['Payload', 'text'],
  ['From', 'text'],
  ['Number', 'figure'],
]);

/** Messages of a filter as they come, the newest on top. */
export class MessageTail {
  #context;
  /** @type {RingBuffer<any>} */
  #kept = new RingBuffer(KEPT_MAX);
  #isPaused = false;
  #isChanged = true;
  /** Came while it was paused. */
  #waiting = 0;
  /** Came and could not be shown. */
  #left = 0;
  #filter = el('input', {
    id: 'tail-filter',
    type: 'search',
    value: '#',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  #problem = el('p', { class: 'failure', role: 'alert', hidden: true });
  #pause = el(
    'button',
    { type: 'button', 'aria-pressed': 'false', click: () => this.#togglePause() },
    'Pause',
  );
  #summary = el('p', { class: 'note' });
  #body = el('tbody');
  #table = el(
    'div',
    { class: 'scroller tail', tabindex: '0', role: 'region', 'aria-label': 'Messages as they come' },
    el(
      'table',
      {},
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          COLUMNS.map(([title, kind]) => el('th', { scope: 'col', class: kind }, title)),
        ),
      ),
      this.#body,
    ),
  );
  #empty = el(
    'div',
    { class: 'empty' },
    emptyState('Nothing came yet. On any node:', 'sedge pub site/greenhouse/temp 21.5'),
  );

  /** @param {import('../context.js').Context} context */
  constructor(context) {
    this.#context = context;
    this.#filter.addEventListener('change', () => this.#applyFilter());
    const clear = el('button', { type: 'button', click: () => this.#clear() }, 'Clear');
    const label = el('label', { for: 'tail-filter' }, 'Filter');
    const bar = el('p', { class: 'tail-bar' }, label, this.#filter, this.#pause, clear);
    this.element = panel('What comes', bar, this.#problem, this.#summary, this.#table, this.#empty);
    this.#applyFilter();
  }

  update() {
    show(this.#empty, this.#kept.size === 0);
    show(this.#table, this.#kept.size > 0);
    setText(this.#summary, this.#summaryText());
    if (!this.#isChanged || this.#isPaused) return;
    this.#isChanged = false;
    this.#body.replaceChildren(...this.#kept.toArray().slice(-SHOWN_MAX).reverse().map(messageRow));
  }

  /** @param {{ messages: readonly any[], left: number }} batch */
  take({ messages, left }) {
    for (const message of messages) this.#kept.push(message);
    this.#left += left;
    if (this.#isPaused) this.#waiting += messages.length;
    this.#isChanged = true;
  }

  #applyFilter() {
    const wish = this.#filter.value.trim();
    const isGood = isTopicFilter(wish);
    setText(this.#problem, isGood ? '' : FILTER_RULE);
    show(this.#problem, !isGood);
    if (isGood) this.#context.watch([wish]);
  }

  #togglePause() {
    this.#isPaused = !this.#isPaused;
    this.#waiting = 0;
    this.#isChanged = true;
    this.#pause.setAttribute('aria-pressed', String(this.#isPaused));
    setText(this.#pause, this.#isPaused ? 'Go on' : 'Pause');
    this.update();
  }

  #clear() {
    this.#kept.clear();
    this.#left = 0;
    this.#waiting = 0;
    this.#body.replaceChildren();
    this.update();
  }

  #summaryText() {
    const kept = plural(this.#kept.size, 'message');
    const parts = [this.#kept.size > SHOWN_MAX ? `The newest ${SHOWN_MAX} of ${kept}` : kept];
    if (this.#isPaused) parts.push(`paused, ${count(this.#waiting)} came since`);
    if (this.#left > 0) parts.push(`${count(this.#left)} more came than can be shown`);
    return parts.join(', ');
  }
}

/** @param {any} message */
function messageRow({ time, topic, payload, payloadBase64 = '', payloadBytes, name, author, seq }) {
  const text =
    payload === undefined
      ? `${bytes(payloadBytes ?? Math.floor((payloadBase64.length * 3) / 4))}, binary`
      : payload.slice(0, 300);
  return el(
    'tr',
    {},
    el('td', { class: 'figure', title: dateTime(time) }, timeOfDay(time)),
    el('td', {}, el('a', { href: `#/topics/${encodeURIComponent(topic)}` }, topic)),
    el('td', { class: 'text' }, text),
    el('td', {}, nodeName(name, author)),
    el('td', { class: 'figure' }, count(seq)),
  );
}
