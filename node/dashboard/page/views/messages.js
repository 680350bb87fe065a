import { el } from '../dom.js';
import { MessageTail } from './message-tail.js';
import { publishPanel } from './publish-form.js';

/** A box to publish, and what comes, live. @param {import('../context.js').Context} context @returns {import('../context.js').View} */
export function messages(context) {
  const tail = new MessageTail(context);
  return {
    element: el('div', {}, publishPanel(context), tail.element),
    update: () => tail.update(),
    take: (batch) => tail.take(batch),
  };
}
