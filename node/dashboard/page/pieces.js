import { el } from './dom.js';

/** @typedef {import('./dom.js').Child} Child */

/**
 * A part of a view with its heading.
 * @param {string} title
 * @param {...(Child | readonly Child[])} children
 */
export function panel(title, ...children) {
  return el('section', { class: 'panel' }, el('h2', {}, title), ...children);
}

/**
 * What stands where there is nothing, and the command to try next.
 * @param {string} sentence
 * @param {string} [command]
 */
export function emptyState(sentence, command) {
  return el(
    'p',
    {},
    sentence,
    command === undefined ? null : ' ',
    command === undefined ? null : commandText(command),
  );
}

/** A command as one types it. @param {string} command */
export function commandText(command) {
  return el('code', { class: 'command' }, command);
}

/**
 * Text in which `code` stands between back quotes.
 * @param {string} text
 * @returns {Child[]}
 */
export function withCode(text) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? commandText(part) : part));
}

/**
 * A word with a dot before it, whose colour says how things are; the word says it too.
 * @param {'good' | 'warn' | 'bad' | 'idle'} tone
 * @param {string} word
 */
export function badge(tone, word) {
  return el('span', { class: `badge ${tone}` }, word);
}
