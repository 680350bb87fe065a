import { ApiError } from '../api.js';
import { el, setText, show } from '../dom.js';
import { bytes, dateTime, NOTHING, nodeName, perSecond, plural, timeOfDay } from '../format.js';
import { liveTime } from '../live-time.js';
import { numericFields } from '../numeric-fields.js';
import { Plot } from '../plot.js';
import { RingBuffer } from '../ring-buffer.js';

/** Points of one plot. At the limit the oldest go. */
const POINTS_MAX = 2_000;
/** Messages in the list of what came. */
const HISTORY_MAX = 200;
/** Asked for at once from before. */
const PAGE_SIZE = 200;

/**
 * One topic: its value, a plot of its numbers, and what came before.
 * @param {import('../context.js').Context} context
 * @param {string} topic
 */
export function topicDetail({ state, api, signIn }, topic) {
  /** @type {RingBuffer<any>} */
  const messages = new RingBuffer(POINTS_MAX);
  const plot = new Plot();
  const parts = makeParts(topic, plot);
  let field = '';
  let isChanged = true;
  let shownFields = '';
  let isClosed = false;

  parts.field.addEventListener('change', () => {
    field = parts.field.value;
    isChanged = true;
    draw();
  });

  async function loadBefore() {
    try {
      const query = new URLSearchParams({ filter: topic, order: 'newest', limit: String(PAGE_SIZE) });
      const { messages: before = [] } = await api.get(`/v1/messages?${query}`);
      if (isClosed) return;
      const live = messages.toArray();
      const known = new Set(live.map(nameOf));
      messages.clear();
      for (const message of [
        ...before.reverse().filter((/** @type {any} */ one) => !known.has(nameOf(one))),
        ...live,
      ])
        messages.push(message);
      isChanged = true;
      draw();
    } catch (error) {
      if (error instanceof ApiError && error.isAboutToken) signIn(error.message);
    }
  }
  void loadBefore();

  function draw() {
    const row = state.topics.get(topic);
    const newest = messages.newest();
    const text = newest?.payload ?? row?.value ?? null;
    const size = newest === undefined ? row?.payloadBytes : sizeOf(newest);
    setText(
      parts.value,
      text === null ? (size === undefined ? 'No value yet.' : `${bytes(size)}, binary`) : pretty(text),
    );
    setText(parts.size, bytes(size));
    setText(parts.from, row === undefined ? NOTHING : nodeName(row.authorName, row.author));
    setText(parts.channel, row?.channel ?? NOTHING);
    setText(parts.rate, row === undefined ? NOTHING : perSecond(row.rate(Date.now())));
    parts.when.update(newest?.time ?? row?.timeMs, state.nowMs);
    if (!isChanged) return;
    isChanged = false;
    drawPlot(text);
    drawHistory();
  }

  /** @param {string | null} text */
  function drawPlot(text) {
    const fields = [...numericFields(text).keys()];
    const signature = JSON.stringify(fields);
    if (fields.length > 0 && signature !== shownFields) {
      shownFields = signature;
      if (!fields.includes(field)) field = fields[0] ?? '';
      parts.field.replaceChildren(
        ...fields.map((one) =>
          el('option', { value: one, selected: one === field }, one === '' ? 'value' : one),
        ),
      );
    }
    const points = messages.toArray().flatMap(({ time, payload }) => {
      const value = numericFields(payload).get(field);
      return value === undefined ? [] : [{ atMs: time, value }];
    });
    // Authors' clocks may go back; a plot's may not.
    points.sort((a, b) => a.atMs - b.atMs);
    show(parts.plotPart, points.length > 1);
    show(parts.fieldPart, JSON.parse(shownFields || '[]').length > 1);
    if (points.length < 2) return;
    plot.update(field === '' ? 'value' : field, points);
    setText(parts.range, rangeText(points));
  }

  function drawHistory() {
    const newest = messages.toArray().slice(-HISTORY_MAX).reverse();
    parts.history.replaceChildren(...newest.map(historyRow));
    show(parts.historyPart, newest.length > 0);
  }

  draw();
  return {
    element: parts.element,
    update: draw,
    /** @param {readonly any[]} batch */
    take(batch) {
      for (const message of batch) if (message.topic === topic) messages.push(message);
      isChanged = true;
    },
    close() {
      isClosed = true;
      plot.close();
    },
  };
}

/**
 * @param {string} topic
 * @param {Plot} plot
 */
function makeParts(topic, plot) {
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

/** @param {any} message */
function historyRow(message) {
  const { time, payload, name, author, seq } = message;
  return el(
    'tr',
    {},
    el('td', { class: 'figure', title: dateTime(time) }, timeOfDay(time)),
    el(
      'td',
      { class: 'text' },
      payload === undefined ? `${bytes(sizeOf(message))}, binary` : payload.slice(0, 200),
    ),
    el('td', {}, nodeName(name, author)),
    el('td', { class: 'figure' }, String(seq)),
  );
}

/** @param {{ payloadBytes?: number, payload?: string, payloadBase64?: string }} message */
function sizeOf({ payloadBytes, payload, payloadBase64 = '' }) {
  if (payloadBytes !== undefined) return payloadBytes;
  if (payload !== undefined) return new TextEncoder().encode(payload).length;
  return Math.floor((payloadBase64.replaceAll('=', '').length * 3) / 4);
}

/** What tells messages apart. @param {{ author: string, epoch: string, seq: number, channel: string }} message */
function nameOf({ author, epoch, seq, channel }) {
  return `${channel} ${author} ${epoch} ${seq}`;
}

/** JSON with its levels; anything else as it is. @param {string} text */
function pretty(text) {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** @param {readonly { atMs: number, value: number }[]} points */
function rangeText(points) {
  const values = points.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${plural(points.length, 'value')}, ${figure(low)} to ${figure(high)}, last ${figure(values.at(-1) ?? 0)}`;
}

/** @param {number} value */
function figure(value) {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}
