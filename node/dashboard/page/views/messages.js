import { ApiError } from '../api.js';
import { el, setText, show } from '../dom.js';
import { bytes, count, dateTime, nodeName, plural, timeOfDay } from '../format.js';
import { emptyState, panel } from '../pieces.js';
import { RingBuffer } from '../ring-buffer.js';

/** Messages kept; at the limit the oldest go. */
const KEPT_MAX = 1_000;
/** Of them so many are drawn. */
const SHOWN_MAX = 200;

/** A box to publish, and what comes, live. @param {import('../context.js').Context} context @returns {import('../context.js').View} */
export function messages(context) {
  const tail = tailPanel(context);
  return {
    element: el('div', {}, publishPanel(context), tail.element),
    update: tail.update,
    take: tail.take,
  };
}

/** @param {import('../context.js').Context} context */
function publishPanel({ api, signIn }) {
  const topic = el('input', {
    id: 'publish-topic',
    required: true,
    maxlength: 1024,
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'site/greenhouse/temp',
  });
  const payload = el('textarea', {
    id: 'publish-payload',
    rows: 2,
    spellcheck: 'false',
    placeholder: '21.5',
  });
  const retain = el('input', { id: 'publish-retain', type: 'checkbox' });
  const button = el('button', { type: 'submit', class: 'main' }, 'Publish');
  const outcome = el('p', { class: 'outcome', role: 'status' });

  /** @param {Event} event */
  async function publish(event) {
    event.preventDefault();
    button.disabled = true;
    try {
      const message = {
        topic: topic.value,
        payload: payload.value,
        ...(retain.checked ? { retain: true } : {}),
      };
      const { channel, seq, timeMs } = await api.post('/v1/publish', message);
      outcome.className = 'outcome good';
      setText(outcome, `On this node's disk as number ${count(seq)} in ${channel}, ${timeOfDay(timeMs)}.`);
    } catch (error) {
      outcome.className = 'outcome bad';
      setText(
        outcome,
        error instanceof ApiError
          ? `${error.message}. ${error.next}`
          : 'The node does not answer; nothing was published.',
      );
      if (error instanceof ApiError && error.isAboutToken) signIn(error.message);
    }
    button.disabled = false;
  }

  return panel(
    'Publish',
    el(
      'form',
      { class: 'publish', submit: publish },
      el('p', {}, el('label', { for: 'publish-topic' }, 'Topic'), topic),
      el('p', {}, el('label', { for: 'publish-payload' }, 'Payload'), payload),
      el(
        'p',
        { class: 'buttons' },
        button,
        el('label', { class: 'check' }, retain, 'Keep as the last value for MQTT (retain)'),
      ),
      outcome,
    ),
  );
}

/** @param {import('../context.js').Context} context */
function tailPanel({ watch }) {
  /** @type {RingBuffer<any>} */
  const kept = new RingBuffer(KEPT_MAX);
  const filter = el('input', {
    id: 'tail-filter',
    type: 'search',
    value: '#',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const problem = el('p', { class: 'failure', role: 'alert', hidden: true });
  const pause = el('button', { type: 'button', 'aria-pressed': 'false' }, 'Pause');
  const clear = el('button', { type: 'button' }, 'Clear');
  const summary = el('p', { class: 'note' });
  const body = el('tbody');
  const heads = /** @type {const} */ ([
    ['Time', 'figure'],
    ['Topic', 'text'],
    ['Payload', 'text'],
    ['From', 'text'],
    ['Number', 'figure'],
  ]).map(([title, kind]) => el('th', { scope: 'col', class: kind }, title));
  const table = el(
    'div',
    { class: 'scroller tail', tabindex: '0', role: 'region', 'aria-label': 'Messages as they come' },
    el('table', {}, el('thead', {}, el('tr', {}, heads)), body),
  );
  const empty = el(
    'div',
    { class: 'empty' },
    emptyState('Nothing came yet. On any node:', 'sedge pub site/greenhouse/temp 21.5'),
  );
  let isPaused = false;
  let isChanged = true;
  let waiting = 0;
  let left = 0;

  function applyFilter() {
    const wish = filter.value.trim();
    const isBad =
      wish === '' ||
      wish.length > 1_024 ||
      wish
        .split('/')
        .some((level, index, levels) =>
          level === '#' ? index < levels.length - 1 : /[#+]/.test(level) && level !== '+',
        );
    setText(
      problem,
      isBad
        ? 'A filter is levels with slashes between them; + stands for one level, # at the end for all below.'
        : '',
    );
    show(problem, isBad);
    if (!isBad) watch([wish]);
  }

  function draw() {
    show(empty, kept.size === 0);
    show(table, kept.size > 0);
    setText(summary, summaryText({ kept: kept.size, waiting, left, isPaused }));
    if (!isChanged || isPaused) return;
    isChanged = false;
    body.replaceChildren(...kept.toArray().slice(-SHOWN_MAX).reverse().map(messageRow));
  }

  filter.addEventListener('change', applyFilter);
  pause.addEventListener('click', () => {
    isPaused = !isPaused;
    waiting = 0;
    pause.setAttribute('aria-pressed', String(isPaused));
    setText(pause, isPaused ? 'Go on' : 'Pause');
    isChanged = true;
    draw();
  });
  clear.addEventListener('click', () => {
    kept.clear();
    left = 0;
    waiting = 0;
    body.replaceChildren();
    draw();
  });
  applyFilter();
  return {
    element: panel(
      'What comes',
      el('p', { class: 'tail-bar' }, el('label', { for: 'tail-filter' }, 'Filter'), filter, pause, clear),
      problem,
      summary,
      table,
      empty,
    ),
    update: draw,
    /** @param {{ messages: readonly any[], left: number }} batch */
    take(batch) {
      for (const message of batch.messages) kept.push(message);
      left += batch.left;
      if (isPaused) waiting += batch.messages.length;
      isChanged = true;
    },
  };
}

/** @param {{ kept: number, waiting: number, left: number, isPaused: boolean }} state */
function summaryText({ kept, waiting, left, isPaused }) {
  const parts = [
    kept > SHOWN_MAX ? `The newest ${SHOWN_MAX} of ${plural(kept, 'message')}` : plural(kept, 'message'),
  ];
  if (isPaused) parts.push(`paused, ${count(waiting)} came since`);
  if (left > 0) parts.push(`${count(left)} more came than can be shown`);
  return parts.join(', ');
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
