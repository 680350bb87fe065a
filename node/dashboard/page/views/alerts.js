import { ApiError } from '../api.js';
import { el, setText, show } from '../dom.js';
import { ago, dateTime, plural } from '../format.js';
import { badge, emptyState, panel, withCode } from '../pieces.js';

/** What alert rules found, with acknowledging. @param {import('../context.js').Context} context @returns {import('../context.js').View} */
export function alerts({ state, api, signIn }) {
  const list = el('ul', { class: 'alerts' });
  const empty = el('div', { class: 'empty' });
  const failure = el('p', { class: 'failure', role: 'alert', hidden: true });
  const rules = el('p', { class: 'note' });
  let shown = '';

  /** @param {string} id */
  async function acknowledge(id) {
    show(failure, false);
    try {
      await api.post('/v1/alerts/acknowledge', { id, by: 'dashboard' });
    } catch (error) {
      if (error instanceof ApiError && error.isAboutToken) signIn(error.message);
      setText(
        failure,
        error instanceof ApiError
          ? `${error.message}. ${error.next}`
          : 'The node does not answer; the alert is as it was.',
      );
      show(failure, true);
    }
  }

  return {
    element: el('div', {}, panel('Alerts of this node', failure, list, empty, rules)),
    update() {
      const report = state.sections.alerts;
      const text = JSON.stringify(report ?? null);
      if (text === shown) {
        for (const time of list.querySelectorAll('time'))
          setText(time, ago(Number(time.dataset.at), state.nowMs));
        return;
      }
      shown = text;
      const all = report?.alerts ?? [];
      list.replaceChildren(
        ...all.map((/** @type {any} */ alert) => alertItem(alert, state.nowMs, acknowledge)),
      );
      show(list, all.length > 0);
      show(empty, all.length === 0);
      empty.replaceChildren(
        report === undefined
          ? emptyState('This node has no alert rules.', 'sedge config example')
          : emptyState('No alerts. To try whether they reach you:', 'sedge alerts test'),
      );
      setText(
        rules,
        report === undefined
          ? ''
          : `${plural(report.rules?.length ?? 0, 'rule')}: ${(report.rules ?? []).map((/** @type {any} */ { rule }) => rule).join(', ')}`,
      );
    },
  };
}

/**
 * @param {any} alert
 * @param {number} nowMs
 * @param {(id: string) => Promise<void>} acknowledge
 */
function alertItem(alert, nowMs, acknowledge) {
  const { id, severity, sentence, next, state, sinceMs, acknowledged, rule } = alert;
  const tone = state === 'firing' ? (severity === 'alarm' ? 'bad' : 'warn') : 'idle';
  const words = { firing: severity, pending: 'not yet', ended: 'over' }[
    /** @type {'firing' | 'pending' | 'ended'} */ (state)
  ];
  const button = el('button', { type: 'button', 'aria-label': `Acknowledge: ${sentence}` }, 'Acknowledge');
  button.addEventListener('click', async () => {
    button.disabled = true;
    await acknowledge(id);
    button.disabled = false;
  });
  return el(
    'li',
    { class: `alert ${tone}` },
    badge(tone, words ?? state),
    el('span', { class: 'sentence' }, sentence),
    next ? el('span', { class: 'next' }, ...withCode(next)) : null,
    el(
      'span',
      { class: 'note' },
      `${rule}, `,
      el(
        'time',
        { 'data-at': sinceMs, title: dateTime(sinceMs), datetime: new Date(sinceMs).toISOString() },
        ago(sinceMs, nowMs),
      ),
    ),
    acknowledged === null || acknowledged === undefined
      ? state === 'firing'
        ? button
        : null
      : el(
          'span',
          { class: 'note' },
          `acknowledged by ${acknowledged.by}${acknowledged.note ? `: ${acknowledged.note}` : ''}`,
        ),
  );
}
