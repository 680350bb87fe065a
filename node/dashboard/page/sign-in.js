import { el, setText, show } from './dom.js';
import { withCode } from './pieces.js';

/** Asks for a token where the node wants one. It is kept for this tab alone and sent to this node alone. */
export class SignIn {
  #dialog;
  #reason = el('p', { class: 'reason', role: 'alert' });
  #token = el('input', {
    id: 'token',
    type: 'password',
    autocomplete: 'off',
    spellcheck: 'false',
    required: true,
  });

  /** @param {(token: string) => void} onToken */
  constructor(onToken) {
    const form = el(
      'form',
      {
        submit: (/** @type {Event} */ event) => {
          event.preventDefault();
          const token = this.#token.value.trim();
          if (token === '') return;
          this.#token.value = '';
          this.#dialog.close();
          onToken(token);
        },
      },
      el('h2', { id: 'sign-in-title' }, 'A token, please'),
      el(
        'p',
        {},
        ...withCode('This node answers only who has a token. On the node, `sedge token add NAME` makes one.'),
      ),
      this.#reason,
      el('label', { for: 'token' }, 'Token'),
      this.#token,
      el('p', { class: 'note' }, 'Kept in this tab until it is closed, and sent to this node alone.'),
      el(
        'p',
        { class: 'buttons' },
        el('button', { type: 'submit', class: 'main' }, 'Sign in'),
        el('button', { type: 'button', click: () => this.#dialog.close() }, 'Not now'),
      ),
    );
    this.#dialog = el('dialog', { class: 'sign-in', 'aria-labelledby': 'sign-in-title' }, form);
    document.body.append(this.#dialog);
  }

  /** @param {string} reason */
  ask(reason) {
    setText(this.#reason, reason);
    show(this.#reason, reason !== '');
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#token.focus();
  }
}
