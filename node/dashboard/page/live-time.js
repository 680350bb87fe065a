import { el, setAttribute, setText } from './dom.js';
import { ago, dateTime, NOTHING } from './format.js';

/**
 * A `time` element that says how long ago, with the full date as its title.
 * @param {string} [className]
 */
export function liveTime(className = '') {
  const element = el('time', className === '' ? {} : { class: className });
  /**
   * @param {number | null | undefined} atMs
   * @param {number} nowMs
   */
  function update(atMs, nowMs) {
    const isKnown = atMs !== null && atMs !== undefined && atMs !== 0;
    setText(element, isKnown ? ago(atMs, nowMs) : NOTHING);
    setAttribute(element, 'title', isKnown ? dateTime(atMs) : null);
    setAttribute(element, 'datetime', isKnown ? new Date(atMs).toISOString() : null);
  }
  return { element, update };
}
