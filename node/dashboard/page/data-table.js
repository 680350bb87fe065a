import { el, setAttribute, setText, show } from './dom.js';

/**
 * A column. `text` gives what a cell says; where a cell is more than text, `render` fills it whenever `text` (then a
 * signature of it) changes.
 * @template Row
 * @typedef {{
 *   title: string,
 *   text: (row: Row) => string,
 *   render?: (cell: HTMLTableCellElement, row: Row) => void,
 *   hint?: (row: Row) => string,
 *   kind?: 'figure' | 'text' | 'name' | 'address' | 'action',
 *   minor?: boolean,
 * }} Column
 */

/**
 * A table whose rows stay where they are while figures change: only texts that differ are touched.
 * @template Row
 */
export class DataTable {
  #columns;
  #keyOf;
  #stateOf;
  #body = el('tbody');
  #table;
  #empty;
  /** @type {Map<string, { element: HTMLTableRowElement, signatures: string[] }>} */
  #rows = new Map();

  /**
   * @param {{ caption: string, columns: readonly Column<Row>[], key: (row: Row) => string, empty: Node,
   *   state?: (row: Row) => string | null }} options
   */
  constructor({ caption, columns, key, empty, state = () => null }) {
    this.#columns = columns;
    this.#keyOf = key;
    this.#stateOf = state;
    const heads = columns.map(({ title, kind, minor }) =>
      el('th', { scope: 'col', class: classOf({ kind, minor }) }, title),
    );
    this.#table = el(
      'table',
      {},
      el('caption', { class: 'visually-hidden' }, caption),
      el('thead', {}, el('tr', {}, heads)),
      this.#body,
    );
    this.#empty = el('div', { class: 'empty' }, empty);
    const scroller = el(
      'div',
      { class: 'scroller', tabindex: '0', role: 'region', 'aria-label': caption },
      this.#table,
    );
    this.scroller = scroller;
    this.element = el('div', { class: 'data-table' }, scroller, this.#empty);
  }

  /** @param {readonly Row[]} rows */
  update(rows) {
    show(this.#empty, rows.length === 0);
    show(this.scroller, rows.length > 0);
    const seen = new Set();
    /** @type {HTMLTableRowElement | null} */
    let before = null;
    for (const row of rows) {
      const key = this.#keyOf(row);
      seen.add(key);
      const entry = this.#rows.get(key) ?? this.#add(key);
      /** @type {ChildNode | null} */
      const next = before === null ? this.#body.firstChild : before.nextSibling;
      if (next !== entry.element) this.#body.insertBefore(entry.element, next);
      before = entry.element;
      this.#fill(entry, row);
    }
    for (const [key, { element }] of this.#rows) {
      if (seen.has(key)) continue;
      element.remove();
      this.#rows.delete(key);
    }
  }

  /** @param {string} key */
  #add(key) {
    const cells = this.#columns.map(({ kind, minor, title }) =>
      kind === 'name'
        ? el('th', { scope: 'row', class: classOf({ kind, minor }) })
        : el('td', { class: classOf({ kind, minor }), 'data-title': title }),
    );
    const entry = { element: el('tr', {}, cells), signatures: /** @type {string[]} */ ([]) };
    this.#rows.set(key, entry);
    return entry;
  }

  /**
   * @param {{ element: HTMLTableRowElement, signatures: string[] }} entry
   * @param {Row} row
   */
  #fill({ element, signatures }, row) {
    setAttribute(element, 'data-state', this.#stateOf(row));
    for (const [index, { text, render, hint }] of this.#columns.entries()) {
      const cell = /** @type {HTMLTableCellElement} */ (element.cells[index]);
      const said = text(row);
      if (render === undefined) setText(cell, said);
      else if (signatures[index] !== said) render(cell, row);
      signatures[index] = said;
      if (hint !== undefined) setAttribute(cell, 'title', hint(row) || null);
    }
  }
}

/** @param {{ kind?: string | undefined, minor?: boolean | undefined }} column */
function classOf({ kind = 'text', minor = false }) {
  return minor ? `${kind} minor` : kind;
}
