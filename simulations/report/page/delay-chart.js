import { cursor } from './cursor.js';
import { drawn, svg } from './dom.js';
import { span } from './format.js';
import { showTooltip } from './tooltip.js';

const ROOM = { left: 44, right: 16, top: 26, bottom: 24 };
const HEIGHT = 210;
const COLUMNS = 200;
const LANDMARKS = [
  0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 1_800, 3_600, 10_800, 43_200, 86_400,
  259_200, 604_800, 2_419_200, 7_776_000, 31_536_000,
];

/** How many of the deliveries took at most how long, over time on a logarithmic scale. */
export function delayChart({ percentiles, p50, p90, p99, max }) {
  // From where the first percent is: a single fast one would push all others together.
  const low = Math.log10(Math.max(1e-3, percentiles[1]));
  const high = Math.max(low + 1, Math.log10(Math.max(1e-3, max)));
  const { box } = drawn('chart', (width) => {
    const inner = { width: width - ROOM.left - ROOM.right, height: HEIGHT - ROOM.top - ROOM.bottom };
    const x = (seconds) => {
      const share = (Math.log10(Math.max(seconds, 10 ** low)) - low) / (high - low);
      return ROOM.left + Math.min(1, Math.max(0, share)) * inner.width;
    };
    const y = (percent) => ROOM.top + inner.height * (1 - percent / 100);
    const drawing = svg('svg', {
      width,
      height: HEIGHT,
      role: 'img',
      'aria-label': 'Distribution of the delay',
    });
    drawing.append(...[0, 25, 50, 75, 100].map((percent) => gridLine(percent, y, width)));
    drawing.append(...landmarks(low, high, inner.width).map((seconds) => landmark(seconds, x)));
    const points = percentiles.map((seconds, percent) => `${x(seconds).toFixed(1)} ${y(percent).toFixed(1)}`);
    const closed = `${x(max).toFixed(1)} ${y(0)}L${x(percentiles[0]).toFixed(1)} ${y(0)}Z`;
    drawing.append(svg('path', { class: 'area s0', d: `M${points.join('L')}L${closed}` }));
    drawing.append(svg('path', { class: 'line s0', d: `M${points.join('L')}` }));
    drawing.append(...markers({ p50, p90, p99, max }, x, y));
    const place = {
      left: ROOM.left,
      width: inner.width,
      top: ROOM.top,
      height: inner.height,
      columns: COLUMNS,
    };
    cursor(drawing, place, (column, atX, atY) => {
      const seconds = 10 ** (low + ((column + 0.5) / COLUMNS) * (high - low));
      const percent = percentiles.findLastIndex((value) => value <= seconds);
      showTooltip(atX, atY, `${Math.max(0, percent)} % within ${span(seconds)}`);
    });
    return drawing;
  });
  return box;
}

function gridLine(percent, y, width) {
  return svg(
    'g',
    {},
    svg('line', { class: 'grid', x1: ROOM.left, x2: width - ROOM.right, y1: y(percent), y2: y(percent) }),
    svg('text', { class: 'tick', x: ROOM.left - 6, y: y(percent) + 4, 'text-anchor': 'end' }, `${percent} %`),
  );
}

/** Times that people think in, as many as there is room for. */
function landmarks(low, high, width) {
  const shown = LANDMARKS.filter(
    (seconds) => Math.log10(seconds) >= low - 1e-9 && Math.log10(seconds) <= high,
  );
  const apart = ((high - low) / Math.max(1, width)) * 58;
  let last = Number.NEGATIVE_INFINITY;
  return shown.filter((seconds) => {
    if (Math.log10(seconds) - last < apart) return false;
    last = Math.log10(seconds);
    return true;
  });
}

function landmark(seconds, x) {
  const at = x(seconds);
  return svg(
    'g',
    {},
    svg('line', { class: 'grid', x1: at, x2: at, y1: ROOM.top, y2: HEIGHT - ROOM.bottom }),
    svg('text', { class: 'tick', x: at, y: HEIGHT - 7, 'text-anchor': 'middle' }, span(seconds)),
  );
}

/** Names stay apart where the values are close. */
function markers(values, x, y) {
  let lastX = Number.NEGATIVE_INFINITY;
  return Object.entries(values).map(([name, seconds]) => {
    const at = x(seconds);
    const isClose = at - lastX < 34;
    if (!isClose) lastX = at;
    return svg(
      'g',
      { class: 'quantile' },
      svg('line', { x1: at, x2: at, y1: ROOM.top - 6, y2: y(0) }),
      isClose ? null : svg('text', { class: 'tick', x: at, y: ROOM.top - 11, 'text-anchor': 'middle' }, name),
    );
  });
}
