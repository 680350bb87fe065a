import { cardLifeNote, cardLifeText } from '../card-life.js';
import { DataTable } from '../data-table.js';
import { el, setText, show } from '../dom.js';
import { ago, bytes, count, dateTime, percent, perSecond, plural, rateFigure } from '../format.js';
import { findingsOf } from '../health.js';
import { emptyState, panel, withCode } from '../pieces.js';
import { RateHistory } from '../rate-history.js';
import { sparkline } from '../sparkline.js';

const WORDS = { alarm: 'Alarm', warning: 'Warning', note: 'Note' };
/** Topics shown as the latest news. */
const LATEST_MAX = 8;
/** They stay for so long before others take their place. */
const LATEST_STAY_MS = 10_000;

/** How the node is, in words first. @param {import('../context.js').Context} context @returns {import('../context.js').View} */
export function overview({ state }) {
  const health = healthPanel(state);
  const figures = figureRow(state);
  const latest = latestPanel(state);
  return {
    element: el('div', {}, health.element, figures.element, latest.element),
    update() {
      health.update();
      figures.update();
      latest.update();
    },
  };
}

/** @param {import('../node-state.js').NodeState} state */
function healthPanel(state) {
  const verdict = el('p', { class: 'verdict' });
  const list = el('ul', { class: 'findings' });
  let shown = '';
  function update() {
    const { peers, sections } = state;
    const { status } = sections;
    if (status === undefined) return;
    const findings = findingsOf(state);
    const serious = findings.filter(({ severity }) => severity !== 'note').length;
    const connected = peers.filter((peer) => peer.connected).length;
    const company =
      connected === 0
        ? 'This node runs by itself'
        : `This node and ${plural(connected, 'peer')} are in touch`;
    setText(verdict, serious === 0 ? `All is well. ${company}.` : `${plural(serious, 'thing')} to look at.`);
    verdict.className = `verdict ${serious === 0 ? 'good' : findings.some(({ severity }) => severity === 'alarm') ? 'bad' : 'warn'}`;
    const text = JSON.stringify(findings);
    if (text === shown) return;
    shown = text;
    list.replaceChildren(...findings.map(findingItem));
    show(list, findings.length > 0);
  }
  return { element: el('section', { class: 'panel health', 'aria-label': 'Health' }, verdict, list), update };
}

/** @param {import('../health.js').Finding} finding */
function findingItem({ severity, sentence, next, view }) {
  return el(
    'li',
    { class: severity },
    el('strong', {}, WORDS[severity]),
    el('span', { class: 'sentence' }, sentence),
    next === '' ? null : el('span', { class: 'next' }, ...nextStep(next)),
    view === null ? null : el('a', { href: `#/${view}` }, `Show ${view}`),
  );
}

/** A command stands as one; a sentence stays a sentence. @param {string} next */
function nextStep(next) {
  return /^(sedge|df) /.test(next) ? withCode(`\`${next}\``) : withCode(next);
}

/**
 * @typedef {{ title: string, value: () => string, note: () => string, trend?: () => readonly number[], href: string }} Figure
 * @param {import('../node-state.js').NodeState} state
 */
function figureRow(state) {
  const boxes = figuresOf(state).map(figureBox);
  return {
    element: el(
      'section',
      { class: 'figures', 'aria-label': 'Figures' },
      boxes.map(({ element }) => element),
    ),
    update: () => {
      for (const box of boxes) box.update();
    },
  };
}

/** @param {import('../node-state.js').NodeState} state @returns {Figure[]} */
function figuresOf(state) {
  const telemetry = () => state.sections.telemetry;
  return [
    {
      title: 'Published',
      value: () => perSecond(state.published.now),
      note: () => `by this node, ${count(telemetry()?.messages.published.total ?? 0)} since its start`,
      trend: () => state.published.history,
      href: '#/channels',
    },
    {
      title: 'Received',
      value: () => perSecond(state.received.now),
      note: () => `from others, ${count(telemetry()?.messages.received.total ?? 0)} since its start`,
      trend: () => state.received.history,
      href: '#/channels',
    },
    {
      title: 'Peers',
      value: () => {
        const connected = state.peers.filter((peer) => peer.connected).length;
        return `${connected} of ${state.peers.length}`;
      },
      note: () => peersNote(state),
      href: '#/peers',
    },
    {
      title: 'Journals',
      value: () => bytes(telemetry()?.disk.journalBytes),
      note: () => journalsNote(telemetry()),
      href: '#/channels',
    },
    {
      title: 'Memory',
      value: () => bytes(telemetry()?.process.residentBytes),
      note: () => `${percent(telemetry()?.process.cpu ?? 0)} of a core busy`,
      trend: () => state.memory.history,
      href: '#/node',
    },
    {
      title: 'Card life left',
      value: () => cardLifeText(telemetry()?.card),
      note: () => cardLifeNote(telemetry()?.card),
      href: '#/node',
    },
  ];
}

/** @param {import('../node-state.js').Telemetry | undefined} telemetry */
function journalsNote(telemetry) {
  if (telemetry === undefined) return '';
  const { journalBytesMax, freeBytes } = telemetry.disk;
  const limit = journalBytesMax === null ? 'no limit' : `of ${bytes(journalBytesMax)}`;
  return freeBytes === null ? limit : `${limit}, ${bytes(freeBytes)} free on the disk`;
}

/** @param {import('../node-state.js').NodeState} state */
function peersNote({ peers }) {
  const connected = peers.filter((peer) => peer.connected);
  if (connected.length === 0) return 'none connected';
  const behind = connected.filter(({ sync }) => sync !== 'in-sync').length;
  return behind === 0 ? 'all in sync' : `${count(behind)} not in sync yet`;
}

/** @param {Figure} figure */
function figureBox({ title, value, note, trend, href }) {
  const figure = el('span', { class: 'value' });
  const small = el('span', { class: 'note' });
  const line = trend === undefined ? null : sparkline({ height: 28, zero: true });
  const element = el(
    'a',
    { class: 'figure', href },
    el('span', { class: 'title' }, title),
    figure,
    small,
    line === null ? null : line.element,
  );
  return {
    element,
    update() {
      setText(figure, value());
      setText(small, note());
      line?.update(trend?.() ?? [], RateHistory.capacity);
    },
  };
}

/** @param {import('../node-state.js').NodeState} state */
function latestPanel(state) {
  /** @type {DataTable<import('../topic-table.js').TopicRow>} */
  const table = new DataTable({
    caption: 'Topics with news',
    key: ({ topic }) => topic,
    empty: emptyState('Nothing was published yet.', 'sedge pub site/greenhouse/temp 21.5'),
    columns: [
      {
        title: 'Topic',
        kind: 'name',
        text: ({ topic }) => topic,
        render: (cell, { topic }) =>
          cell.replaceChildren(el('a', { href: `#/topics/${encodeURIComponent(topic)}` }, topic)),
      },
      { title: 'Last value', text: ({ value, payloadBytes }) => value ?? `${bytes(payloadBytes)}, binary` },
      {
        title: 'Rate',
        kind: 'figure',
        minor: true,
        text: (row) => `${rateFigure(row.rate(Date.now()))}\u202f/s`,
      },
      { title: 'From', minor: true, text: ({ authorName, author }) => authorName || author },
      {
        title: 'When',
        kind: 'figure',
        text: ({ timeMs }) => ago(timeMs, state.nowMs),
        hint: ({ timeMs }) => dateTime(timeMs),
      },
    ],
  });
  const more = el('a', { href: '#/topics' });
  /** @type {import('../topic-table.js').TopicRow[]} */
  let newest = [];
  let chosenAtMs = 0;
  return {
    element: panel('Latest news', table.element, el('p', { class: 'more' }, more)),
    update() {
      // Which are shown changes seldom, so that they can be read; what they say is live.
      if (newest.length < LATEST_MAX || Date.now() - chosenAtMs > LATEST_STAY_MS) {
        newest = [...state.topics.rows()].slice(-LATEST_MAX).sort((a, b) => (a.topic < b.topic ? -1 : 1));
        chosenAtMs = Date.now();
      }
      table.update(newest);
      setText(more, `All ${plural(state.topics.size, 'topic')}`);
      show(more, state.topics.size > 0);
    },
  };
}
