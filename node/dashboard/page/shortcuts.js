import { el } from './dom.js';

/** How long after `g` the letter of a view counts. */
const SECOND_KEY_MS = 1_500;

/**
 * Keys: `g` and a letter goes to a view, `/` to the first search box, `?` shows all of them.
 * @param {readonly import('./context.js').ViewEntry[]} views
 * @param {(path: string) => void} go
 */
export function addShortcuts(views, go) {
  const help = helpDialog(views);
  document.body.append(help);
  let leaderAtMs = Number.NEGATIVE_INFINITY;
  addEventListener('keydown', (event) => {
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      isTyping(event.target) ||
      document.querySelector('dialog[open]')
    )
      return;
    const isSecond = performance.now() - leaderAtMs < SECOND_KEY_MS;
    leaderAtMs = Number.NEGATIVE_INFINITY;
    const view = isSecond ? views.find(({ key }) => key === event.key) : undefined;
    if (view !== undefined) go(view.name);
    else if (event.key === 'g') leaderAtMs = performance.now();
    else if (event.key === '?') help.showModal();
    else if (event.key === '/') {
      const box = document.querySelector('main input[type="search"]');
      if (!(box instanceof HTMLElement)) return;
      event.preventDefault();
      box.focus();
    }
  });
}

/** @param {readonly import('./context.js').ViewEntry[]} views */
function helpDialog(views) {
  const rows = [
    ...views.map(({ key, title }) => /** @type {const} */ ([`g ${key}`, title])),
    /** @type {const} */ (['/', 'Search in the view']),
    /** @type {const} */ (['↑ ↓ ← →', 'Move in the tree of topics']),
    /** @type {const} */ (['?', 'This list']),
  ];
  const dialog = el(
    'dialog',
    { class: 'help', 'aria-labelledby': 'help-title' },
    el('h2', { id: 'help-title' }, 'Keys'),
    el(
      'dl',
      {},
      rows.flatMap(([keys, what]) => [
        el('dt', {}, ...keys.split(' ').map((one) => el('kbd', {}, one))),
        el('dd', {}, what),
      ]),
    ),
    el('button', { type: 'button', click: () => dialog.close() }, 'Close'),
  );
  return dialog;
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
