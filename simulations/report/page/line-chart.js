import { timeTicks, valueTicks } from './axis.js';
import { cursor } from './cursor.js';
import { drawn, el, svg } from './dom.js';
import { moment } from './format.js';
import { showTooltip, tooltipRow } from './tooltip.js';

const ROOM = { left: 52, right: 12, top: 10, bottom: 24 };

/**
 * Series over the time of a run, with a legend whose buttons show and hide each. `series` is
 * `{ name, values, className, dashed?, filled? }`, a value a column; `stacked` piles them up.
 */
export function lineChart(run, series, { height = 200, format, stacked = false, label }) {
  const hidden = new Set();
  const chart = drawn('chart', (width) => {
    const shown = series.filter(({ name }) => !hidden.has(name));
    return draw(run, shown, { width, height, format, stacked, label });
  });
  const toggle = (name) => (event) => {
    if (hidden.has(name)) hidden.delete(name);
    else hidden.add(name);
    event.currentTarget.setAttribute('aria-pressed', String(!hidden.has(name)));
    chart.redraw();
  };
  const buttons = series.map(({ name, className, total }) =>
    el(
      'button',
      { type: 'button', 'aria-pressed': 'true', click: toggle(name) },
      el('i', { class: `swatch ${className}` }),
      total === undefined ? name : `${name}: ${total}`,
    ),
  );
  const legend = series.length > 1 ? el('div', { class: 'legend' }, buttons) : null;
  return el('figure', {}, legend, chart.box);
}

function draw(run, series, { width, height, format, stacked, label }) {
  const inner = { width: width - ROOM.left - ROOM.right, height: height - ROOM.top - ROOM.bottom };
  const tops = stacked ? piled(series) : series.map(({ values }) => values);
  const top = Math.max(1, ...tops.flatMap((values) => Math.max(...values)));
  const ticks = valueTicks(top, Math.max(2, Math.floor(inner.height / 42)));
  const x = (column) => ROOM.left + (column / run.columns) * inner.width;
  const y = (value) => ROOM.top + inner.height * (1 - value / ticks.at(-1));
  const drawing = svg('svg', { width, height, role: 'img', 'aria-label': label });
  drawing.append(shades(run, x, inner), grid(run, ticks, { x, y, width, height, inner, format }));
  for (const [index, one] of series.entries()) {
    const below = stacked && index > 0 ? tops[index - 1] : null;
    if (stacked || one.filled) {
      drawing.append(svg('path', { class: `area ${one.className}`, d: area(tops[index], below, x, y) }));
    }
    if (!stacked) {
      const path = {
        class: `line ${one.className}${one.dashed ? ' dashed' : ''}`,
        d: steps(one.values, x, y),
      };
      drawing.append(svg('path', path));
    }
  }
  const place = {
    left: ROOM.left,
    width: inner.width,
    top: ROOM.top,
    height: inner.height,
    columns: run.columns,
  };
  cursor(drawing, place, (column, atX, atY) => {
    const seconds = run.startSeconds + ((column + 1) / run.columns) * (run.endSeconds - run.startSeconds);
    const rows = series.map(({ name, values, className }) =>
      tooltipRow(className, name, format(values[column])),
    );
    showTooltip(atX, atY, el('div', { class: 'when' }, moment(seconds, run)), ...rows);
  });
  return drawing;
}

/** The spans in which the network was parted, behind everything. */
export function shades(run, x, inner, top = ROOM.top) {
  const column = (seconds) =>
    ((seconds - run.startSeconds) / (run.endSeconds - run.startSeconds)) * run.columns;
  return svg(
    'g',
    {},
    run.partitions.map(([from, to]) => {
      const width = Math.max(1, x(column(to)) - x(column(from)));
      return svg('rect', { class: 'parted', x: x(column(from)), y: top, width, height: inner.height });
    }),
  );
}

function grid(run, ticks, { x, y, width, height, inner, format }) {
  const lines = ticks.map((value) =>
    svg(
      'g',
      {},
      svg('line', { class: 'grid', x1: ROOM.left, x2: width - ROOM.right, y1: y(value), y2: y(value) }),
      svg(
        'text',
        { class: 'tick', x: ROOM.left - 6, y: y(value) + 4, 'text-anchor': 'end' },
        format(value, true),
      ),
    ),
  );
  return svg('g', {}, lines, timeAxis(run, x, { y: height - ROOM.bottom, width: inner.width }));
}

/** The times under a drawing. */
export function timeAxis(run, x, { y, width }) {
  const ticks = timeTicks(run, Math.max(2, Math.floor(width / 64)));
  return svg(
    'g',
    {},
    ticks.map(({ seconds, text }) => {
      const at = x(((seconds - run.startSeconds) / (run.endSeconds - run.startSeconds)) * run.columns);
      return svg(
        'g',
        {},
        svg('line', { class: 'axis', x1: at, x2: at, y1: y, y2: y + 4 }),
        svg('text', { class: 'tick', x: at, y: y + 17, 'text-anchor': 'middle' }, text),
      );
    }),
  );
}

function piled(series) {
  const sums = [];
  for (const { values } of series) {
    const below = sums.at(-1);
    sums.push(values.map((value, column) => value + (below?.[column] ?? 0)));
  }
  return sums;
}

/** What a column ends with is drawn at its right side. */
function steps(values, x, y) {
  return values
    .map((value, column) => `${column === 0 ? 'M' : 'L'}${pixel(x(column + 1))} ${pixel(y(value))}`)
    .join('');
}

function area(values, below, x, y) {
  const base = values.map((_, column) => `L${pixel(x(column + 1))} ${pixel(y(below?.[column] ?? 0))}`);
  return `${steps(values, x, y)}${base.reverse().join('')}Z`;
}

function pixel(value) {
  return Math.round(value * 10) / 10;
}
