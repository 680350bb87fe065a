import { cardLifeText } from '../card-life.js';
import { el, setAttribute, setText } from '../dom.js';
import {
  ago,
  bytes,
  bytesPerSecond,
  count,
  dateTime,
  milliseconds,
  NOTHING,
  percent,
  span,
} from '../format.js';
import { panel } from '../pieces.js';

/**
 * @typedef {import('../node-state.js').NodeState} NodeState
 * @typedef {{ title: string, text: (state: NodeState) => string, hint?: (state: NodeState) => string }} Fact
 */

/** @type {readonly [string, readonly Fact[]][]} */
const GROUPS = [
  [
    'This node',
    [
      { title: 'Name', text: ({ sections: { status } }) => status?.name ?? NOTHING },
      {
        title: 'Realm',
        text: ({ sections: { status, realm } }) =>
          status === undefined
            ? NOTHING
            : `${status.realmName}${realm === undefined ? '' : `, this node is ${realm.role}`}`,
      },
      { title: 'Node id', text: ({ sections: { status } }) => status?.node ?? NOTHING },
      {
        title: 'Version',
        text: ({ sections: { status } }) =>
          `sedge ${status?.agent.version ?? NOTHING}, Node.js ${status?.agent.nodeVersion ?? NOTHING}`,
      },
      {
        title: 'Running',
        text: ({ sections: { status }, nowMs }) => ago(status?.agent.startedAtMs, nowMs).replace(/ ago$/, ''),
        hint: ({ sections: { status } }) => `since ${dateTime(status?.agent.startedAtMs)}`,
      },
      { title: 'Directory', text: ({ sections: { status } }) => status?.agent.directory ?? NOTHING },
      { title: 'Process', text: ({ sections: { status } }) => String(status?.agent.pid ?? NOTHING) },
    ],
  ],
  [
    'Disk',
    [
      { title: 'Journals', text: ({ sections: { telemetry } }) => bytes(telemetry?.disk.journalBytes) },
      {
        title: 'They may take',
        text: ({ sections: { telemetry } }) =>
          telemetry?.disk.journalBytesMax === null ? 'no limit' : bytes(telemetry?.disk.journalBytesMax),
      },
      {
        title: 'Free',
        text: ({ sections: { telemetry } }) =>
          telemetry === undefined
            ? NOTHING
            : `${bytes(telemetry.disk.freeBytes)} of ${bytes(telemetry.disk.totalBytes)}`,
      },
      {
        title: 'Written by this node',
        text: ({ sections: { telemetry } }) =>
          telemetry === undefined || telemetry.disk.written === null
            ? NOTHING
            : `${bytesPerSecond(telemetry.disk.written.perSecond)}, ${bytes(telemetry.disk.written.total)} since the start`,
      },
      {
        title: 'Written a message',
        text: ({ sections: { telemetry } }) =>
          telemetry === undefined || telemetry.disk.writtenBytesPerMessage === null
            ? NOTHING
            : bytes(Math.round(telemetry.disk.writtenBytesPerMessage)),
      },
    ],
  ],
  [
    'Card wear (an estimate)',
    [
      {
        title: 'Disk',
        text: ({ sections: { telemetry } }) =>
          telemetry === undefined
            ? NOTHING
            : `${telemetry.card.device ?? 'unknown'}, ${bytes(telemetry.card.bytes)}`,
      },
      {
        title: 'Written to it',
        text: ({ sections: { telemetry } }) =>
          telemetry === undefined
            ? NOTHING
            : `${bytesPerSecond(telemetry.card.writtenBytesPerSecond)} by ${telemetry.card.writtenBy === 'all' ? 'all programs' : 'this agent'}, over ${span(telemetry.card.measuredOverMs)}`,
      },
      {
        title: 'Of that by sedge',
        text: ({ sections: { telemetry } }) => bytesPerSecond(telemetry?.card.agentBytesPerSecond),
      },
      {
        title: 'Life left at this rate',
        text: ({ sections: { telemetry } }) => cardLifeText(telemetry?.card),
      },
      {
        title: 'Worn',
        text: ({ sections: { telemetry } }) =>
          telemetry?.card.wornFraction == null
            ? 'the disk does not say'
            : percent(telemetry.card.wornFraction),
      },
      {
        title: 'Reckoned with',
        text: ({ sections: { telemetry } }) =>
          telemetry === undefined
            ? NOTHING
            : `${count(telemetry.card.enduranceCycles)} cycles, each byte written ${telemetry.card.writeAmplification} times`,
      },
    ],
  ],
  [
    'Process',
    [
      { title: 'Memory', text: ({ sections: { telemetry } }) => bytes(telemetry?.process.residentBytes) },
      {
        title: 'Heap',
        text: ({ sections: { telemetry } }) =>
          telemetry === undefined
            ? NOTHING
            : `${bytes(telemetry.process.heapUsedBytes)} of ${bytes(telemetry.process.heapTotalBytes)}`,
      },
      {
        title: 'Busy',
        text: ({ sections: { telemetry } }) =>
          telemetry === undefined ? NOTHING : `${percent(telemetry.process.cpu)} of a core`,
      },
      {
        title: 'Timers late by',
        text: ({ sections: { telemetry } }) =>
          telemetry === undefined
            ? NOTHING
            : `${milliseconds(telemetry.process.eventLoopLagMs)}, at worst ${milliseconds(telemetry.process.eventLoopLagMsMax)} in the last minute`,
      },
    ],
  ],
  [
    'Addresses',
    [
      { title: 'Mesh', text: ({ sections: { status } }) => status?.addresses.join('\n') || NOTHING },
      { title: 'HTTP', text: ({ sections: { status } }) => listed(status?.agent.http) },
      { title: 'MQTT', text: ({ sections: { status } }) => listed(status?.agent.mqtt?.listening) },
      { title: 'Serial', text: ({ sections: { status } }) => listed(status?.agent.serial) },
    ],
  ],
];

/** The node itself: disk, memory, wear, version, addresses. @param {import('../context.js').Context} context @returns {import('../context.js').View} */
export function node({ state }) {
  const facts = GROUPS.map(([title, entries]) => {
    const lines = entries.map((fact) => ({ fact, value: el('dd') }));
    const list = el(
      'dl',
      { class: 'node-facts' },
      lines.map(({ fact, value }) => el('div', {}, el('dt', {}, fact.title), value)),
    );
    return { element: panel(title, list), lines };
  });
  const refusals = el('dl', { class: 'node-facts' });
  const refusalPanel = panel('Refused and dropped since the start, by code', refusals);
  let shown = '';
  return {
    element: el(
      'div',
      { class: 'node' },
      facts.map(({ element }) => element),
      refusalPanel,
    ),
    update() {
      for (const { fact, value } of facts.flatMap(({ lines }) => lines)) {
        setText(value, fact.text(state));
        setAttribute(value, 'title', fact.hint?.(state) ?? null);
      }
      const drops = state.sections.telemetry?.drops ?? {};
      const text = JSON.stringify(drops);
      if (text === shown) return;
      shown = text;
      const entries = Object.entries(drops);
      refusals.replaceChildren(
        ...(entries.length === 0
          ? [el('div', {}, el('dt', {}, 'Nothing'), el('dd', {}, '0'))]
          : entries.map(([code, times]) =>
              el('div', {}, el('dt', {}, el('code', {}, code)), el('dd', { class: 'figure' }, count(times))),
            )),
      );
    },
  };
}

/** @param {unknown} value */
function listed(value) {
  return Array.isArray(value) && value.length > 0 ? value.join('\n') : 'off';
}
