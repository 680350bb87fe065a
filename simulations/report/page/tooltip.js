import { el } from './dom.js';

const box = el('div', { class: 'tooltip', role: 'status', 'aria-live': 'polite', hidden: true });
document.body.append(box);

/** Shows lines beside a point of the window, where there is room. */
export function showTooltip(x, y, ...lines) {
  box.replaceChildren(...lines.map((line) => (typeof line === 'string' ? el('div', {}, line) : line)));
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  const left = x + 14 + width > window.innerWidth ? x - width - 14 : x + 14;
  const top = Math.min(y + 14, window.innerHeight - height - 4);
  box.style.left = `${Math.max(4, left)}px`;
  box.style.top = `${Math.max(4, top)}px`;
}

/** A line of the tooltip: the colour of a series, its name and a value. */
export function tooltipRow(className, name, value) {
  return el(
    'div',
    { class: 'row' },
    el('i', { class: `swatch ${className}` }),
    `${name} `,
    el('b', {}, value),
  );
}

export function hideTooltip() {
  box.hidden = true;
}

window.addEventListener('scroll', hideTooltip, { passive: true });
