import { svg } from './dom.js';
import { hideTooltip } from './tooltip.js';

/**
 * A line that follows the pointer or, once the drawing has the focus, the arrow keys, from column to column.
 * `show(column, x, y)` is told where it is, in the window's pixels.
 */
export function cursor(drawing, { left, width, top, height, columns }, show) {
  const line = svg('line', { class: 'cursor', y1: top, y2: top + height, visibility: 'hidden' });
  drawing.append(line);
  drawing.setAttribute('tabindex', '0');
  let at = 0;
  const moveTo = (column, y) => {
    at = Math.min(columns - 1, Math.max(0, column));
    const x = left + ((at + 0.5) / columns) * width;
    line.setAttribute('x1', x);
    line.setAttribute('x2', x);
    line.setAttribute('visibility', 'visible');
    const bounds = drawing.getBoundingClientRect();
    show(at, bounds.left + x, y ?? bounds.top + top + height / 3, y === null ? null : y - bounds.top);
  };
  const leave = () => {
    line.setAttribute('visibility', 'hidden');
    hideTooltip();
  };
  drawing.addEventListener('pointermove', (event) => {
    const x = event.clientX - drawing.getBoundingClientRect().left - left;
    moveTo(Math.floor((x / width) * columns), event.clientY);
  });
  drawing.addEventListener('pointerleave', leave);
  drawing.addEventListener('blur', leave);
  drawing.addEventListener('keydown', (event) => {
    const step = event.shiftKey ? Math.ceil(columns / 20) : 1;
    const next = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: columns - 1 }[event.key];
    if (next === undefined && event.key !== 'Escape') return;
    event.preventDefault();
    if (next === undefined) leave();
    else moveTo(next, null);
  });
}
