import { svg } from './dom.js';

const WIDTH = 100;

/**
 * A small line of figures without axes; what it says must stand beside it in words.
 * @param {{ height: number, zero: boolean }} options `zero`: the scale begins at 0
 */
export function sparkline({ height, zero }) {
  const area = svg('path', { class: 'area' });
  const line = svg('path', { class: 'line' });
  const element = svg(
    'svg',
    {
      class: 'sparkline',
      viewBox: `0 0 ${WIDTH} ${height}`,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
    },
    area,
    line,
  );
  /**
   * @param {readonly number[]} values
   * @param {number} [capacity] as many as the whole width stands for
   */
  function update(values, capacity = values.length) {
    if (values.length < 2) {
      line.removeAttribute('d');
      area.removeAttribute('d');
      return;
    }
    const low = zero ? 0 : Math.min(...values);
    const high = Math.max(...values, low);
    const range = high - low || 1;
    const step = WIDTH / Math.max(1, capacity - 1);
    const start = WIDTH - (values.length - 1) * step;
    const points = values.map((value, index) => {
      const y = high === low && !zero ? height / 2 : height - 1 - ((value - low) / range) * (height - 2);
      return `${(start + index * step).toFixed(2)},${y.toFixed(2)}`;
    });
    line.setAttribute('d', `M${points.join('L')}`);
    area.setAttribute('d', `M${start.toFixed(2)},${height}L${points.join('L')}L${WIDTH},${height}Z`);
  }
  return { element, update };
}
