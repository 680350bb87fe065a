import { cursor } from './cursor.js';
import { drawn, el, svg } from './dom.js';
import { moment } from './format.js';
import { shades, timeAxis } from './line-chart.js';
import { showTooltip } from './tooltip.js';

const AXIS_HEIGHT = 24;
const MARKS_HEIGHT = 16;

/** A lane a node: how many peers it had, when it was down, when the network was parted, and what happened. */
export function nodeTimeline(run) {
  const peersMax = Math.max(1, ...run.lanes.flatMap(({ peers }) => peers.map(([, value]) => value)));
  const lanes = run.lanes.map(({ name, peers, down }) => ({
    name,
    down,
    values: expanded(peers),
    levels: peers.map(([columns, value]) => [columns, value === 0 ? 0 : 0.25 + 0.75 * (value / peersMax)]),
  }));
  const describe = (lane, column) => {
    const seconds = secondsAt(run, column);
    if (lane.down.some(([from, to]) => seconds >= from && seconds < to)) return `${lane.name}: down`;
    const peers = lane.values[column];
    return `${lane.name}: ${peers} ${peers === 1 ? 'peer' : 'peers'}`;
  };
  return laneDrawing(run, lanes, {
    describe,
    label: 'Links and crashes of each node over time',
    marks: true,
  });
}

/** A lane a link: when it was up. */
export function linkTimeline(run) {
  const lanes = run.links
    .filter(({ up }) => up !== null)
    .map(({ a, b, up }) => ({
      name: `${run.nodes[a].name} – ${run.nodes[b].name}`,
      down: [],
      values: expanded(up),
      levels: up.map(([columns, value]) => [columns, value === 0 ? 0 : 0.3 + 0.07 * value]),
    }));
  const describe = (lane, column) => {
    const tenths = lane.values[column];
    const state = tenths === 0 ? 'not up' : tenths === 10 ? 'up' : `up ${tenths * 10} % of the time`;
    return `${lane.name}: ${state}`;
  };
  return laneDrawing(run, lanes, { describe, label: 'When each link was up', marks: false });
}

function laneDrawing(run, lanes, { describe, label, marks }) {
  const { box } = drawn('chart', (width) => {
    const laneHeight = lanes.length > 60 ? 9 : lanes.length > 24 ? 13 : 18;
    const longest = Math.max(...lanes.map(({ name }) => name.length));
    const left = Math.min(width * 0.28, Math.max(40, longest * 6.6 + 12));
    const top = marks ? MARKS_HEIGHT : 0;
    const inner = { width: width - left - 12, height: lanes.length * laneHeight };
    const drawing = svg('svg', {
      width,
      height: top + inner.height + AXIS_HEIGHT,
      role: 'img',
      'aria-label': label,
    });
    const x = (column) => left + (column / run.columns) * inner.width;
    for (const [index, lane] of lanes.entries()) {
      drawing.append(
        drawLane(run, lane, { x, y: top + index * laneHeight, height: laneHeight, left, index }),
      );
    }
    drawing.append(
      shades(run, x, inner, top),
      timeAxis(run, x, { y: top + inner.height, width: inner.width }),
    );
    if (marks) drawing.append(drawMarks(run, x, inner.height + top));
    const place = { left, width: inner.width, top: 0, height: top + inner.height, columns: run.columns };
    cursor(drawing, place, (column, atX, atY, y) => {
      const when = el('div', { class: 'when' }, moment(secondsAt(run, column), run));
      const lane = y === null ? undefined : lanes[Math.floor((y - top) / laneHeight)];
      showTooltip(
        atX,
        atY,
        when,
        lane === undefined ? '' : describe(lane, column),
        ...marksNear(run, column, marks),
      );
    });
    return drawing;
  });
  return box;
}

function drawLane(run, lane, { x, y, height, left, index }) {
  const gap = height > 12 ? 3 : 1;
  const bars = [];
  let column = 0;
  for (const [columns, level] of lane.levels) {
    const width = x(column + columns) - x(column);
    if (level > 0) {
      const bar = { class: 'up', x: x(column), y, width: Math.max(width, 1.5), height: height - gap };
      bars.push(svg('rect', { ...bar, opacity: level.toFixed(2) }));
    }
    column += columns;
  }
  for (const [from, to] of lane.down) {
    const [start, end] = [from, to].map((seconds) => x(columnAt(run, seconds)));
    bars.push(
      svg('rect', { class: 'down', x: start, y, width: Math.max(2, end - start), height: height - gap }),
    );
  }
  const letters = Math.max(3, Math.floor((left - 10) / 6.4));
  const name = lane.name.length > letters ? `${lane.name.slice(0, letters - 1)}…` : lane.name;
  // Where lanes are low, every other name is enough to find one's way.
  const named = height >= 13 || index % 2 === 0;
  const size = height >= 13 ? '' : ' small';
  return svg(
    'g',
    {},
    svg('rect', { class: 'lane', x: x(0), y, width: x(run.columns) - x(0), height: height - gap }),
    bars,
    named
      ? svg(
          'text',
          { class: `tick${size}`, x: left - 6, y: y + height - gap - 3, 'text-anchor': 'end' },
          name,
        )
      : null,
  );
}

function drawMarks(run, x, bottom) {
  return svg(
    'g',
    {},
    run.marks.map(({ t, kind }) => {
      const at = x(columnAt(run, t));
      return svg(
        'g',
        { class: `mark ${kind}` },
        svg('line', { x1: at, x2: at, y1: 10, y2: bottom }),
        svg('path', { d: `M${at - 4} 2h8l-4 8z` }),
      );
    }),
  );
}

function marksNear(run, column, shown) {
  if (!shown) return [];
  const width = (run.endSeconds - run.startSeconds) / run.columns;
  const near = run.marks.filter(({ t }) => Math.abs(t - secondsAt(run, column)) <= 3 * width);
  const more = near.length > 6 ? [`and ${near.length - 6} more`] : [];
  return [...near.slice(0, 6).map(({ t, text }) => `${moment(t, run)}: ${text}`), ...more];
}

function secondsAt(run, column) {
  return run.startSeconds + ((column + 0.5) / run.columns) * (run.endSeconds - run.startSeconds);
}

function columnAt(run, seconds) {
  return ((seconds - run.startSeconds) / (run.endSeconds - run.startSeconds)) * run.columns;
}

function expanded(runs) {
  return runs.flatMap(([columns, value]) => Array.from({ length: columns }, () => value));
}
