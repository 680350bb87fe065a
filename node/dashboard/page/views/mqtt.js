import { DataTable } from '../data-table.js';
import { el, setText } from '../dom.js';
import { ago, count, dateTime, NOTHING, plural } from '../format.js';
import { badge, emptyState, panel } from '../pieces.js';

/**
 * @typedef {import('../../../gateways/mqtt/mqtt-gateway.ts').MqttClientStatus} Client
 * @typedef {import('../../../gateways/mqtt-bridge/mqtt-bridge.ts').BridgeStatus} Bridge
 */

/** MQTT clients of this node and bridges to brokers elsewhere. @param {import('../context.js').Context} context @returns {import('../context.js').View} */
export function mqtt({ state }) {
  const summary = el('p', { class: 'note' });
  const clients = clientTable(state);
  const bridges = bridgeTable();
  const refused = el('p', { class: 'note' });
  return {
    element: el(
      'div',
      {},
      panel('Clients', summary, clients.element, refused),
      panel('Bridges to other brokers', bridges.element),
    ),
    update() {
      const gateway = state.sections.mqtt;
      setText(
        summary,
        gateway === undefined ? 'The MQTT gateway is off: sedge start --mqtt 1883' : summaryOf(gateway),
      );
      clients.update(gateway?.clients.rows ?? []);
      setText(refused, gateway === undefined ? '' : refusedText(gateway.counters));
      bridges.update(state.sections.bridges ?? []);
    },
  };
}

/** @param {any} gateway */
function summaryOf({ listening, connections, sessions, clients }) {
  const where =
    listening.length === 0 ? 'listening nowhere, the port was taken' : `listening on ${listening.join(', ')}`;
  const shown =
    clients.total > clients.rows.length ? `; the first ${count(clients.rows.length)} are shown` : '';
  return `${plural(connections, 'client')} connected, ${plural(sessions, 'session')}, ${where}${shown}.`;
}

/** @param {Readonly<Record<string, number>>} counters */
function refusedText(counters) {
  const refusals = Object.entries(counters).filter(
    ([name, value]) => /refused|dropped|failed/i.test(name) && value > 0,
  );
  return refusals
    .map(
      ([name, value]) => `${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}: ${count(value)}`,
    )
    .join(', ');
}

/** @param {import('../node-state.js').NodeState} state @returns {DataTable<Client>} */
function clientTable(state) {
  return new DataTable({
    caption: 'MQTT clients',
    key: ({ clientId }) => clientId,
    empty: emptyState('No clients. Any MQTT client on this machine may connect:', 'mosquitto_sub -t "#" -v'),
    state: ({ connected }) => (connected ? 'good' : 'idle'),
    columns: [
      { title: 'Client', kind: 'name', text: ({ clientId }) => clientId },
      {
        title: 'State',
        text: ({ connected }) => (connected ? 'connected' : 'away'),
        render: (cell, { connected }) =>
          cell.replaceChildren(badge(connected ? 'good' : 'idle', connected ? 'connected' : 'away')),
      },
      { title: 'User', text: ({ user }) => user ?? NOTHING },
      { title: 'From', text: ({ address }) => address ?? NOTHING },
      { title: 'Version', kind: 'figure', text: ({ version }) => version ?? NOTHING },
      {
        title: 'Subscribed to',
        text: ({ subscriptions }) =>
          subscriptions.map(({ filter, qos }) => `${filter} (QoS ${qos})`).join(', ') || NOTHING,
      },
      { title: 'On the way', kind: 'figure', text: ({ inflight }) => count(inflight) },
      {
        title: 'Away since',
        kind: 'figure',
        text: ({ disconnectedAtMs }) =>
          disconnectedAtMs === null ? NOTHING : ago(disconnectedAtMs, state.nowMs),
        hint: ({ disconnectedAtMs }) => dateTime(disconnectedAtMs),
      },
    ],
  });
}

const ROLES = /** @type {const} */ ({
  carrier: ['good', 'carries'],
  standby: ['idle', 'stands by'],
  'no-link': ['bad', 'no link'],
});

/** @returns {DataTable<Bridge>} */
function bridgeTable() {
  return new DataTable({
    caption: 'Bridges',
    key: ({ name }) => name,
    empty: emptyState(
      'No bridges. They stand under `bridges` in the settings:'.replaceAll('`', ''),
      'sedge config example',
    ),
    state: ({ role }) => ROLES[role][0],
    columns: [
      { title: 'Bridge', kind: 'name', text: ({ name }) => name },
      { title: 'Broker', text: ({ url }) => url },
      {
        title: 'This node',
        text: ({ role }) => ROLES[role][1],
        render: (cell, { role }) => cell.replaceChildren(badge(ROLES[role][0], ROLES[role][1])),
      },
      { title: 'Carrier', text: ({ carrier }) => carrier ?? NOTHING },
      { title: 'Waiting', kind: 'figure', text: ({ waiting }) => count(waiting) },
      { title: 'Alarms', text: ({ alarms }) => alarms.join('; ') || NOTHING },
    ],
  });
}
