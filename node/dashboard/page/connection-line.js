import { setAttribute, setText } from './dom.js';
import { span } from './format.js';

/** Silence that is worth a word; the server says something every five seconds. */
const QUIET_MS = 8_000;

/** One line that says whether what is shown is live. */
export class ConnectionLine {
  #element;
  #state;

  /**
   * @param {HTMLElement} element
   * @param {import('./node-state.js').NodeState} state
   */
  constructor(element, state) {
    this.#element = element;
    this.#state = state;
  }

  update() {
    const { connection, connectionReason, heardAtMs } = this.#state;
    const quietMs = Date.now() - heardAtMs;
    const [tone, words] = {
      connecting: ['idle', 'Connecting'],
      live: quietMs > QUIET_MS ? ['warn', `No news for ${span(quietMs)}`] : ['good', 'Live'],
      broken: [
        'bad',
        `Cut off${heardAtMs === 0 ? '' : ` for ${span(quietMs)}`}: ${connectionReason}. Trying again`,
      ],
      token: ['warn', 'A token is needed'],
    }[connection];
    setText(this.#element, words ?? '');
    setAttribute(this.#element, 'class', tone ?? 'idle');
  }
}
