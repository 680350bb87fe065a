import { DataTable } from '../data-table.js';
import { el, setText, show } from '../dom.js';
import { ago, dateTime, NOTHING, plural } from '../format.js';
import { meshPicture } from '../mesh-picture.js';
import { badge, emptyState, panel } from '../pieces.js';
import { topologyDrawing } from '../topology-drawing.js';

/** @typedef {import('../mesh-picture.js').PictureNode} PictureNode */

const STATES = { 'in-sync': 'in step', apart: 'apart', unknown: 'not said to be carried' };

/** The realm as seen from this node. @param {import('../context.js').Context} context @returns {import('../context.js').View} */
export function topology({ state }) {
  const summary = el('p', { class: 'summary' });
  const box = el('div', { class: 'drawing' });
  const empty = el(
    'div',
    { class: 'empty' },
    emptyState('This node is alone in its realm. Invite another machine:', 'sedge invite'),
  );
  const legend = el('p', { class: 'legend note', 'aria-hidden': 'true' });
  const table = pictureTable(state);
  let shown = '';
  const observer = new ResizeObserver(() => draw());
  observer.observe(box);

  function draw() {
    const { status } = state.sections;
    if (status === undefined) return;
    const nodes = meshPicture(state);
    table.update(nodes);
    setText(summary, summaryText(nodes));
    show(empty, nodes.length === 0);
    show(box, nodes.length > 0);
    const width = Math.floor(box.clientWidth);
    const picture = { self: status.name, nodes, width };
    const text = JSON.stringify([width, nodes.map(({ heardAtMs: _, ...node }) => node)]);
    if (width === 0 || text === shown) return;
    shown = text;
    box.replaceChildren(topologyDrawing(picture));
    setText(legend, legendText(nodes));
  }

  return {
    element: el(
      'div',
      {},
      panel('As seen from this node', summary, box, legend, empty),
      panel('The same as a table', table.element),
    ),
    update: draw,
    close: () => observer.disconnect(),
  };
}

/** @param {readonly PictureNode[]} nodes */
function summaryText(nodes) {
  const [direct, heard, away] = ['direct', 'heard', 'away'].map(
    (where) => nodes.filter((node) => node.where === where).length,
  );
  if (nodes.length === 0) return '';
  const parts = [`${plural(direct ?? 0, 'node')} connected`];
  if (heard) parts.push(`${heard} reached through others`);
  const cut = away
    ? `${plural(away, 'node')} cut off: what they publish is not known here, and what is published here waits for them.`
    : 'No node is cut off.';
  return `${parts.join(', ')}. ${cut}`;
}

/** @param {readonly PictureNode[]} nodes */
function legendText(nodes) {
  const channels =
    nodes.find(({ carries }) => carries.length > 0)?.carries.map(({ channel }) => channel) ?? [];
  if (channels.length === 0) return '';
  return `Squares are channels, from the mark outwards: ${channels.join(', ')}. Full: carried and in step. Half: apart. Empty: not carried, or not said to be.`;
}

/** @param {import('../node-state.js').NodeState} state @returns {DataTable<PictureNode>} */
function pictureTable(state) {
  return new DataTable({
    caption: 'Nodes of the realm',
    key: ({ key }) => key,
    empty: emptyState('No other nodes.', 'sedge invite'),
    state: ({ tone }) => tone,
    columns: [
      { title: 'Node', kind: 'name', text: ({ name }) => name, hint: ({ node }) => node ?? '' },
      {
        title: 'Link',
        text: ({ link }) => link,
        render: (cell, { link, tone }) => cell.replaceChildren(badge(tone, link)),
      },
      { title: 'Round trip', kind: 'figure', text: ({ roundTrip }) => roundTrip || NOTHING },
      { title: 'In step', text: ({ step }) => step || NOTHING },
      {
        title: 'Carries',
        text: ({ carries }) =>
          carries.map(({ channel, state: step }) => `${channel} (${STATES[step]})`).join(', ') || NOTHING,
      },
      {
        title: 'Heard',
        kind: 'figure',
        text: ({ heardAtMs }) => ago(heardAtMs, state.nowMs),
        hint: ({ heardAtMs }) => dateTime(heardAtMs),
      },
    ],
  });
}
