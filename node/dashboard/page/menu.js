import { el, setAttribute, setText, show } from './dom.js';
import { count } from './format.js';
import { VIEWS } from './view-list.js';

/** The list of views, behind a button where the screen is narrow. */
export class Menu {
  #nav;
  #button;
  /** @type {Map<string, { link: HTMLAnchorElement, number: HTMLElement, entry: import('./context.js').ViewEntry }>} */
  #links = new Map();

  /**
   * @param {HTMLElement} nav
   * @param {HTMLElement} button
   */
  constructor(nav, button) {
    this.#nav = nav;
    this.#button = button;
    for (const entry of VIEWS) {
      const number = el('span', { class: 'number', hidden: true });
      const link = el(
        'a',
        { href: `#/${entry.name}`, 'aria-keyshortcuts': `g ${entry.key}` },
        entry.title,
        number,
      );
      this.#links.set(entry.name, { link, number, entry });
    }
    nav.append(
      el(
        'ul',
        {},
        [...this.#links.values()].map(({ link }) => el('li', {}, link)),
      ),
    );
    button.addEventListener('click', () => this.#open(button.getAttribute('aria-expanded') !== 'true'));
    nav.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      this.close();
      button.focus();
    });
  }

  /** Marks the view that is shown. @param {string} name */
  mark(name) {
    for (const [of, { link }] of this.#links) setAttribute(link, 'aria-current', of === name ? 'page' : null);
  }

  /** @param {import('./node-state.js').NodeState} state */
  count(state) {
    for (const { number, entry } of this.#links.values()) {
      const figure = entry.count?.(state) ?? 0;
      setText(number, figure === 0 ? '' : count(figure));
      show(number, figure > 0);
    }
  }

  close() {
    this.#open(false);
  }

  /** @param {boolean} isOpen */
  #open(isOpen) {
    setAttribute(this.#button, 'aria-expanded', String(isOpen));
    setAttribute(this.#nav, 'data-open', isOpen ? '' : null);
  }
}
