import { ApiError } from '../api.js';
import { el, setText, show } from '../dom.js';
import { bytes, dateTime, NOTHING, nodeName, perSecond, plural, timeOfDay } from '../format.js';
import { numericFields } from '../numeric-fields.js';
import { Plot } from '../plot.js';
import { RingBuffer } from '../ring-buffer.js';
import { topicDetailParts } from './topic-detail-parts.js';

/** Points of one plot. At the limit the oldest go. */
const POINTS_MAX = 2_000;
/** Messages in the list of what came. */
const HISTORY_MAX = 200;
/** Asked for at once from before. */
const PAGE_SIZE = 200;

/** One topic: its value, a plot of its numbers, and what came before. */
export class TopicDetail {
  #context;
  #topic;
  /** @type {RingBuffer<any>} */
  #messages = new RingBuffer(POINTS_MAX);
  #plot = new Plot();
  #parts;
  /** The field that is plotted; '' for the value itself. */
  #field = '';
  /** Those to choose from. @type {readonly string[]} */
  #fields = [];
  #isChanged = true;
  #isClosed = false;

  /**
   * @param {import('../context.js').Context} context
   * @param {string} topic
   */
  constructor(context, topic) {
    this.#context = context;
    this.#topic = topic;
    this.#parts = topicDetailParts(topic, this.#plot);
    this.#parts.field.addEventListener('change', () => {
      this.#field = this.#parts.field.value;
      this.#isChanged = true;
      this.update();
    });
    void this.#loadBefore();
    this.update();
  }

  get element() {
    return this.#parts.element;
  }

  update() {
    const { state } = this.#context;
    const row = state.topics.get(this.#topic);
    const newest = this.#messages.newest();
    const text = newest?.payload ?? row?.value ?? null;
    const size = newest === undefined ? row?.payloadBytes : sizeOf(newest);
    setText(this.#parts.value, valueText(text, size));
    setText(this.#parts.size, bytes(size));
    setText(this.#parts.from, row === undefined ? NOTHING : nodeName(row.authorName, row.author));
    setText(this.#parts.channel, row?.channel ?? NOTHING);
    setText(this.#parts.rate, row === undefined ? NOTHING : perSecond(row.rate(Date.now())));
    this.#parts.when.update(newest?.time ?? row?.timeMs, state.nowMs);
    if (!this.#isChanged) return;
    this.#isChanged = false;
    this.#offerFields([...numericFields(text).keys()]);
    this.#drawPlot();
    this.#drawHistory();
  }

  /** @param {readonly any[]} batch */
  take(batch) {
    for (const message of batch) if (message.topic === this.#topic) this.#messages.push(message);
    this.#isChanged = true;
  }

  close() {
    this.#isClosed = true;
    this.#plot.close();
  }

  /** What the node holds from before; what came meanwhile is not taken twice. */
  async #loadBefore() {
    const { api, signIn } = this.#context;
    try {
      const query = new URLSearchParams({ filter: this.#topic, order: 'newest', limit: String(PAGE_SIZE) });
      /** @type {{ messages: any[] }} */
      const { messages: before } = await api.get(`/v1/messages?${query}`);
      if (this.#isClosed) return;
      const live = this.#messages.toArray();
      const known = new Set(live.map(nameOf));
      const older = before.reverse().filter((message) => !known.has(nameOf(message)));
      this.#messages.clear();
      for (const message of [...older, ...live]) this.#messages.push(message);
      this.#isChanged = true;
      this.update();
    } catch (error) {
      if (error instanceof ApiError && error.isAboutToken) signIn(error.message);
    }
  }

  /** A value without numbers leaves the choice as it was. @param {readonly string[]} fields */
  #offerFields(fields) {
    if (fields.length === 0 || JSON.stringify(fields) === JSON.stringify(this.#fields)) return;
    this.#fields = fields;
    if (!fields.includes(this.#field)) this.#field = fields[0] ?? '';
    const options = fields.map((field) =>
      el('option', { value: field, selected: field === this.#field }, fieldName(field)),
    );
    this.#parts.field.replaceChildren(...options);
  }

  #drawPlot() {
    const points = this.#messages.toArray().flatMap(({ time, payload }) => {
      const value = numericFields(payload).get(this.#field);
      return value === undefined ? [] : [{ atMs: time, value }];
    });
    // Authors' clocks may go back; a plot's may not.
    points.sort((a, b) => a.atMs - b.atMs);
    show(this.#parts.plotPart, points.length > 1);
    show(this.#parts.fieldPart, this.#fields.length > 1);
    if (points.length < 2) return;
    this.#plot.update(fieldName(this.#field), points);
    setText(this.#parts.range, rangeText(points));
  }

  #drawHistory() {
    const newest = this.#messages.toArray().slice(-HISTORY_MAX).reverse();
    this.#parts.history.replaceChildren(...newest.map(historyRow));
    show(this.#parts.historyPart, newest.length > 0);
  }
}

/** @param {string} field */
function fieldName(field) {
  return field === '' ? 'value' : field;
}

/**
 * @param {string | null} text
 * @param {number | undefined} size
 */
function valueText(text, size) {
  if (text !== null) return pretty(text);
  return size === undefined ? 'No value yet.' : `${bytes(size)}, binary`;
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
