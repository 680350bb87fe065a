import { el, setAttribute, show } from './dom.js';

/** Rows beyond the edges that are drawn too, so that scrolling shows no holes. */
const MARGIN_ROWS = 6;

/**
 * A tree of any length of which only the rows in sight exist. Keys by the pattern of the ARIA Authoring Practices for trees:
 * arrows move and open, Home and End go to the ends, Enter chooses.
 * @template Row
 */
export class VirtualTree {
  #options;
  #scroller;
  #sheet;
  /** @type {readonly Row[]} */
  #rows = [];
  /** Elements in use, by place in the list. @type {Map<number, HTMLElement>} */
  #shown = new Map();
  /** @type {HTMLElement[]} */
  #spare = [];
  #active = 0;
  #rowHeight = 32;

  /**
   * @param {{
   *   label: string,
   *   makeRow: () => HTMLElement,
   *   fillRow: (element: HTMLElement, row: Row) => void,
   *   describe: (row: Row) => { level: number, place: number, siblings: number, open: boolean | null, selected: boolean },
   *   onChoose: (row: Row) => void,
   *   onToggle: (row: Row, open: boolean) => void,
   *   parentOf: (rows: readonly Row[], index: number) => number,
   * }} options
   */
  constructor(options) {
    this.#options = options;
    this.#sheet = el('div', { class: 'sheet', role: 'presentation' });
    this.#scroller = el(
      'div',
      {
        class: 'virtual-tree',
        role: 'tree',
        tabindex: '0',
        'aria-label': options.label,
        scroll: () => this.update(),
        keydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
        click: (/** @type {MouseEvent} */ event) => this.#onClick(event),
      },
      this.#sheet,
    );
    this.element = this.#scroller;
    new ResizeObserver(() => this.update()).observe(this.#scroller);
  }

  /** Other rows, or the same in another order. @param {readonly Row[]} rows */
  setRows(rows) {
    this.#rows = rows;
    this.#active = Math.max(0, Math.min(this.#active, rows.length - 1));
    this.update();
  }

  /** Draws the rows in sight anew. */
  update() {
    // A finger needs more room than a pointer; the style sheet says how much.
    this.#rowHeight = Number.parseFloat(getComputedStyle(this.#scroller).getPropertyValue('--row')) || 32;
    const { scrollTop, clientHeight } = this.#scroller;
    this.#sheet.style.height = `${this.#rows.length * this.#rowHeight}px`;
    const first = Math.max(0, Math.floor(scrollTop / this.#rowHeight) - MARGIN_ROWS);
    const last = Math.min(
      this.#rows.length,
      Math.ceil((scrollTop + clientHeight) / this.#rowHeight) + MARGIN_ROWS,
    );
    for (const [index, element] of this.#shown) {
      if (index >= first && index < last) continue;
      this.#shown.delete(index);
      show(element, false);
      this.#spare.push(element);
    }
    for (let index = first; index < last; index++) this.#draw(index);
    // Those far out of use are let go.
    for (const element of this.#spare.splice(MARGIN_ROWS * 4)) element.remove();
    const active = this.#shown.get(this.#active);
    setAttribute(this.#scroller, 'aria-activedescendant', active?.id ?? null);
  }

  /** @param {number} index */
  #draw(index) {
    const row = this.#rows[index];
    if (row === undefined) return;
    let element = this.#shown.get(index);
    if (element === undefined) {
      element = this.#spare.pop() ?? this.#makeElement();
      this.#shown.set(index, element);
      show(element, true);
      element.style.transform = `translateY(${index * this.#rowHeight}px)`;
      element.dataset.index = String(index);
    } else if (element.style.transform !== `translateY(${index * this.#rowHeight}px)`) {
      element.style.transform = `translateY(${index * this.#rowHeight}px)`;
    }
    const { level, place, siblings, open, selected } = this.#options.describe(row);
    setAttribute(element, 'aria-level', String(level));
    setAttribute(element, 'aria-posinset', String(place));
    setAttribute(element, 'aria-setsize', String(siblings));
    setAttribute(element, 'aria-expanded', open === null ? null : String(open));
    setAttribute(element, 'aria-selected', String(selected));
    setAttribute(element, 'data-active', index === this.#active ? '' : null);
    this.#options.fillRow(element, row);
  }

  #makeElement() {
    const element = this.#options.makeRow();
    element.setAttribute('role', 'treeitem');
    element.id = `tree-row-${nextId++}`;
    this.#sheet.append(element);
    return element;
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const element = event.target instanceof Element ? event.target.closest('[role="treeitem"]') : null;
    if (!(element instanceof HTMLElement)) return;
    this.#active = Number(element.dataset.index);
    this.#choose();
  }

  #choose() {
    const row = this.#rows[this.#active];
    if (row === undefined) return;
    const { open } = this.#options.describe(row);
    if (open !== null) this.#options.onToggle(row, !open);
    this.#options.onChoose(row);
    this.update();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const row = this.#rows[this.#active];
    if (row === undefined) return;
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / this.#rowHeight) - 1);
    const { open } = this.#options.describe(row);
    const moves = /** @type {Record<string, () => void>} */ ({
      ArrowDown: () => this.#move(this.#active + 1),
      ArrowUp: () => this.#move(this.#active - 1),
      PageDown: () => this.#move(this.#active + page),
      PageUp: () => this.#move(this.#active - page),
      Home: () => this.#move(0),
      End: () => this.#move(this.#rows.length - 1),
      ArrowRight: () =>
        open === false
          ? this.#options.onToggle(row, true)
          : this.#move(this.#active + (open === true ? 1 : 0)),
      ArrowLeft: () =>
        open === true
          ? this.#options.onToggle(row, false)
          : this.#move(this.#options.parentOf(this.#rows, this.#active)),
      Enter: () => this.#choose(),
      ' ': () => this.#choose(),
    });
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    move();
  }

  /** @param {number} index */
  #move(index) {
    this.#active = Math.max(0, Math.min(index, this.#rows.length - 1));
    const top = this.#active * this.#rowHeight;
    const { scrollTop, clientHeight } = this.#scroller;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + this.#rowHeight > scrollTop + clientHeight)
      this.#scroller.scrollTop = top + this.#rowHeight - clientHeight;
    this.update();
  }
}

let nextId = 1;
