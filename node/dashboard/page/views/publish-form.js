import { ApiError } from '../api.js';
import { el, setText } from '../dom.js';
import { count, timeOfDay } from '../format.js';
import { panel } from '../pieces.js';

/** A form that publishes a message from this node. @param {import('../context.js').Context} context */
export function publishPanel({ api, signIn }) {
  const topic = el('input', {
    id: 'publish-topic',
    required: true,
    maxlength: 1024,
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'site/greenhouse/temp',
  });
  const payload = el('textarea', {
    id: 'publish-payload',
    rows: 2,
    spellcheck: 'false',
    placeholder: '21.5',
  });
  const retain = el('input', { id: 'publish-retain', type: 'checkbox' });
  const button = el('button', { type: 'submit', class: 'main' }, 'Publish');
  const outcome = el('p', { class: 'outcome', role: 'status' });

  /** @param {Event} event */
  async function publish(event) {
    event.preventDefault();
    button.disabled = true;
    try {
      const message = {
        topic: topic.value,
        payload: payload.value,
        ...(retain.checked ? { retain: true } : {}),
      };
      const { channel, seq, timeMs } = await api.post('/v1/publish', message);
      outcome.className = 'outcome good';
      setText(outcome, `On this node's disk as number ${count(seq)} in ${channel}, ${timeOfDay(timeMs)}.`);
    } catch (error) {
      outcome.className = 'outcome bad';
      setText(
        outcome,
        error instanceof ApiError
          ? `${error.message}. ${error.next}`
          : 'The node does not answer; nothing was published.',
      );
      if (error instanceof ApiError && error.isAboutToken) signIn(error.message);
    }
    button.disabled = false;
  }

  return panel(
    'Publish',
    el(
      'form',
      { class: 'publish', submit: publish },
      el('p', {}, el('label', { for: 'publish-topic' }, 'Topic'), topic),
      el('p', {}, el('label', { for: 'publish-payload' }, 'Payload'), payload),
      el(
        'p',
        { class: 'buttons' },
        button,
        el('label', { class: 'check' }, retain, 'Keep as the last value for MQTT (retain)'),
      ),
      outcome,
    ),
  );
}
