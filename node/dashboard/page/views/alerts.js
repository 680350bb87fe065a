import { ApiError } from '../api.js';
import { el, setText, show } from '../dom.js';
import { ago, dateTime, nodeName, plural } from '../format.js';
import { badge, emptyState, panel, withCode } from '../pieces.js';

/**
 * @typedef {import('../../../alerts/alert.ts').Alert} Alert
 * @typedef {import('../../../alerts/alert.ts').RemoteAlert} RemoteAlert
 */

const STATES = { pending: 'not yet', ended: 'over' };

/** What alert rules found, with acknowledging. @param {import('../context.js').Context} context @returns {import('../context.js').View} */
export function alerts({ state, api, signIn }) {
  const failure = el('p', { class: 'failure', role: 'alert', hidden: true });
  const own = new AlertList(acknowledge);
  const others = new AlertList(null);
  const empty = el('div', { class: 'empty' });
  const rules = el('p', { class: 'note' });
  const othersPanel = panel('At other nodes', others.element);

  /** @param {string} id */
  async function acknowledge(id) {
    show(failure, false);
    try {
      await api.post('/v1/alerts/acknowledge', { id, by: 'dashboard' });
    } catch (error) {
      if (error instanceof ApiError && error.isAboutToken) signIn(error.message);
      const isTold = error instanceof ApiError;
      setText(
        failure,
        isTold ? `${error.message}. ${error.next}` : 'The node does not answer; the alert is as it was.',
      );
      show(failure, true);
    }
  }

  return {
    element: el('div', {}, panel('Alerts of this node', failure, own.element, empty, rules), othersPanel),
    update() {
      const report = state.sections.alerts;
      own.update(report?.alerts ?? [], state.nowMs);
      others.update(report?.others ?? [], state.nowMs);
      show(othersPanel, (report?.others.length ?? 0) > 0);
      show(empty, (report?.alerts.length ?? 0) === 0);
      if (!empty.hidden) empty.replaceChildren(report === undefined ? alertsOff() : noAlerts());
      const names = report?.rules.map(({ rule }) => rule) ?? [];
      setText(rules, report === undefined ? '' : `${plural(names.length, 'rule')}: ${names.join(', ')}`);
    },
  };
}

const alertsOff = () => emptyState('Alerts are switched off on this node.', 'sedge config show');
const noAlerts = () => emptyState('No alerts. To try whether they reach you:', 'sedge alerts test');

/** Alerts, made anew when one changes; who was at a button stays there. */
class AlertList {
  #acknowledge;
  #shown = '';

  /** @param {((id: string) => Promise<void>) | null} acknowledge `null`: they are not this node's */
  constructor(acknowledge) {
    this.#acknowledge = acknowledge;
    this.element = el('ul', { class: 'alerts' });
  }

  /**
   * @param {readonly (Alert | RemoteAlert)[]} alerts
   * @param {number} nowMs
   */
  update(alerts, nowMs) {
    const text = JSON.stringify(alerts.map(({ value: _, ...alert }) => alert));
    if (text !== this.#shown) {
      this.#shown = text;
      const at =
        document.activeElement instanceof HTMLElement ? document.activeElement.dataset.alert : undefined;
      this.element.replaceChildren(...alerts.map((alert) => this.#item(alert)));
      show(this.element, alerts.length > 0);
      for (const button of this.element.querySelectorAll('button'))
        if (button.dataset.alert === at) button.focus();
    }
    for (const time of this.element.querySelectorAll('time'))
      setText(time, ago(Number(time.dataset.at), nowMs));
  }

  /** @param {Alert | RemoteAlert} alert */
  #item(alert) {
    const { severity, sentence, next, state, sinceMs, acknowledged, rule } = alert;
    const tone = state === 'firing' ? (severity === 'alarm' ? 'bad' : 'warn') : 'idle';
    const place = 'node' in alert ? `${nodeName(alert.name, alert.node)}, ` : '';
    const time = el('time', {
      'data-at': sinceMs,
      title: dateTime(sinceMs),
      datetime: new Date(sinceMs).toISOString(),
    });
    return el(
      'li',
      { class: `alert ${tone}` },
      badge(tone, state === 'firing' ? severity : STATES[state]),
      el('span', { class: 'sentence' }, sentence),
      next === '' ? null : el('span', { class: 'next' }, ...withCode(next)),
      el('span', { class: 'note' }, `${place}${rule}, `, time),
      acknowledged === null ? this.#button(alert) : el('span', { class: 'note' }, seenText(acknowledged)),
    );
  }

  /** @param {Alert | RemoteAlert} alert */
  #button({ id, sentence, state }) {
    const acknowledge = this.#acknowledge;
    if (acknowledge === null || state !== 'firing') return null;
    const button = el(
      'button',
      { type: 'button', 'data-alert': id, 'aria-label': `Acknowledge: ${sentence}` },
      'Acknowledge',
    );
    button.addEventListener('click', async () => {
      button.disabled = true;
      await acknowledge(id);
      button.disabled = false;
    });
    return button;
  }
}

/** @param {import('../../../alerts/alert.ts').Acknowledged} acknowledged */
function seenText({ by, note }) {
  return `acknowledged by ${by}${note === '' ? '' : `: ${note}`}`;
}
