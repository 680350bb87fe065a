const SVG = 'http://www.w3.org/2000/svg';

/** An HTML element with attributes and children; text goes in as text, never as markup. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Draws into a box and again whenever its width changes; the drawing gets its width in pixels. */
export function drawn(className, draw) {
  const box = el('div', { class: className });
  let width = 0;
  const redraw = () => {
    if (width > 0) box.replaceChildren(draw(width));
  };
  new ResizeObserver(([entry]) => {
    const next = Math.floor(entry.contentRect.width);
    if (next === width || next === 0) return;
    width = next;
    // Not at once: what is drawn changes the size again.
    setTimeout(redraw);
  }).observe(box);
  return { box, redraw };
}

/** A part of a run with its heading. */
export function section(title, note, ...children) {
  return el(
    'section',
    {},
    el('h3', {}, title),
    note === '' ? null : el('p', { class: 'note' }, note),
    ...children,
  );
}
