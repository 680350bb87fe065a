import { ApiError } from '../api.js';
import { DataTable } from '../data-table.js';
import { el } from '../dom.js';
import { ago, count, dateTime, NOTHING } from '../format.js';
import { badge, emptyState, panel } from '../pieces.js';

/**
 * @typedef {import('../../../../firmware-bridge/host/bridge/bridge-status.ts').DeviceStatus} DeviceStatus
 * @typedef {import('../../../../firmware-bridge/host/bridge/bridge-status.ts').PortStatus} PortStatus
 * @typedef {import('../peer-words.js').Tone} Tone
 */

const STATES = /** @type {Record<DeviceStatus['state'], Tone>} */ ({
  online: 'good',
  silent: 'warn',
  offline: 'bad',
  'never-seen': 'idle',
});
const PORT_STATES = /** @type {Record<PortStatus['state'], Tone>} */ ({
  open: 'good',
  opening: 'warn',
  closed: 'bad',
  released: 'idle',
});

/** Devices on serial lines. @param {import('../context.js').Context} context @returns {import('../context.js').View} */
export function devices({ state, api, signIn }) {
  /** Asked for once where the stream does not bring them: a node without ports. @type {readonly DeviceStatus[]} */
  let asked = [];
  const view = {
    element: el('div', {}),
    update() {
      deviceRows.update(state.sections.devices ?? asked);
      portRows.update(state.sections.ports ?? []);
    },
  };
  const deviceRows = deviceTable(state);
  const portRows = portTable();
  view.element.append(panel('Devices', deviceRows.element), panel('Serial ports', portRows.element));
  api.get('/v1/devices').then(
    ({ devices: found }) => {
      asked = found;
      view.update();
    },
    (error) => {
      if (error instanceof ApiError && error.isAboutToken) signIn(error.message);
    },
  );
  return view;
}

/** @param {import('../node-state.js').NodeState} state @returns {DataTable<DeviceStatus>} */
function deviceTable(state) {
  return new DataTable({
    caption: 'Devices',
    key: ({ id }) => id,
    empty: emptyState('No devices. With one at a port:', 'sedge device provision /dev/ttyUSB0'),
    state: (device) => STATES[device.state],
    columns: [
      { title: 'Device', kind: 'name', text: ({ name, id }) => name || id, hint: ({ id }) => id },
      {
        title: 'State',
        text: (device) => device.state,
        render: (cell, device) =>
          cell.replaceChildren(badge(STATES[device.state], device.state.replace('-', ' '))),
      },
      { title: 'Port', text: ({ port }) => port ?? NOTHING },
      {
        title: 'Heard',
        kind: 'figure',
        text: ({ lastHeardMs }) => ago(lastHeardMs, state.nowMs),
        hint: ({ lastHeardMs }) => dateTime(lastHeardMs),
      },
      { title: 'Readings', kind: 'figure', text: ({ readings }) => count(readings) },
      { title: 'Lost', kind: 'figure', text: ({ lost }) => count(lost) },
      { title: 'Refused', kind: 'figure', text: ({ refused }) => count(refused) },
      {
        title: 'Boots',
        kind: 'figure',
        text: ({ epoch }) => (epoch === null ? NOTHING : count(epoch)),
        hint: ({ resetCause }) => resetCause ?? '',
      },
      {
        title: 'Topics',
        text: ({ topics }) =>
          topics.map(({ name, unit }) => (unit === '' ? name : `${name} (${unit})`)).join(', ') || NOTHING,
      },
      {
        title: 'Commands',
        text: ({ commands, waitingCommands }) =>
          `${commands.join(', ') || NOTHING}${waitingCommands === 0 ? '' : `, ${waitingCommands} waiting`}`,
      },
    ],
  });
}

/** @returns {DataTable<PortStatus>} */
function portTable() {
  return new DataTable({
    caption: 'Serial ports',
    key: ({ path }) => path,
    empty: emptyState('The agent listens on no serial port.', 'sedge start --serial auto'),
    state: (port) => PORT_STATES[port.state],
    columns: [
      { title: 'Port', kind: 'name', text: ({ path }) => path },
      {
        title: 'State',
        text: (port) => port.state,
        render: (cell, port) => cell.replaceChildren(badge(PORT_STATES[port.state], port.state)),
      },
      {
        title: 'Speed',
        kind: 'figure',
        text: ({ baudRate }) => (baudRate === null ? NOTHING : `${count(baudRate)} baud`),
      },
      { title: 'Device', text: ({ device, deviceId }) => device ?? deviceId ?? NOTHING },
      { title: 'Bad tags', kind: 'figure', text: ({ counters }) => count(counters['link.bad-tag'] ?? 0) },
      {
        title: 'Problem',
        text: ({ problem }) => (problem === null ? NOTHING : `${problem.code}: ${problem.detail}`),
      },
    ],
  });
}
