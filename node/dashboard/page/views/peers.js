import { addressText } from '../address-text.js';
import { DataTable } from '../data-table.js';
import { el } from '../dom.js';
import { ago, dateTime, milliseconds, NOTHING, nodeName, span } from '../format.js';
import { linkWords, syncWords, whyWords } from '../peer-words.js';
import { badge, emptyState, panel } from '../pieces.js';

/**
 * @typedef {import('../peer-words.js').PeerStatus} PeerStatus
 * @typedef {import('../peer-words.js').PeerChannelStatus & { peer: string, id: string }} ChannelRow
 */

const SOURCES = { given: 'given', invitation: 'invitation', discovered: 'found', inbound: 'came by itself' };

/** Peers: whether they are there, in step, and what is missing where. @param {import('../context.js').Context} context @returns {import('../context.js').View} */
export function peers({ state }) {
  /** @type {DataTable<PeerStatus>} */
  const table = new DataTable({
    caption: 'Peers',
    key: (peer) => peer.node ?? peer.addresses.join(' '),
    empty: emptyState('No peers. On this node, invite another machine:', 'sedge invite'),
    state: (peer) => linkWords(peer).tone,
    columns: [
      { title: 'Peer', kind: 'name', text: (peer) => nameOf(peer), hint: ({ node }) => node ?? '' },
      {
        title: 'Link',
        text: (peer) => linkWords(peer).word,
        render: (cell, peer) => cell.replaceChildren(badge(linkWords(peer).tone, linkWords(peer).word)),
      },
      {
        title: 'In step',
        text: ({ channels, sync }) => syncWords(channels, sync).word,
        render: (cell, { channels, sync }) => {
          const { tone, word } = syncWords(channels, sync);
          cell.replaceChildren(badge(tone, word));
        },
      },
      { title: 'Round trip', kind: 'figure', text: ({ latencyMs }) => milliseconds(latencyMs) },
      {
        title: 'Heard',
        kind: 'figure',
        text: ({ heardAtMs }) => ago(heardAtMs, state.nowMs),
        hint: ({ heardAtMs }) => dateTime(heardAtMs),
      },
      {
        title: 'Since',
        kind: 'figure',
        text: ({ sinceMs, connected }) =>
          connected && sinceMs !== null ? span(state.nowMs - sinceMs) : NOTHING,
        hint: ({ sinceMs }) => dateTime(sinceMs),
      },
      { title: 'Known by', text: ({ source }) => SOURCES[source] },
      {
        title: 'Address',
        kind: 'address',
        text: ({ addresses }) => (addresses[0] === undefined ? NOTHING : addressText(addresses[0])),
        hint: ({ addresses }) => addresses.join('\n'),
      },
      {
        title: 'Last error',
        text: ({ connected, lastError }) => (connected ? NOTHING : (lastError ?? NOTHING)),
      },
    ],
  });
  /** @type {DataTable<ChannelRow>} */
  const steps = new DataTable({
    caption: 'Channels that are not in step',
    key: ({ id, channel }) => `${id} ${channel}`,
    empty: emptyState('Every channel is in step with every peer that is known.'),
    columns: [
      { title: 'Peer', kind: 'name', text: ({ peer }) => peer },
      { title: 'Channel', text: ({ channel }) => channel },
      { title: 'How it stands', text: (row) => whyWords(row) },
      {
        title: 'Last in step',
        kind: 'figure',
        text: ({ inSyncAtMs }) => ago(inSyncAtMs, state.nowMs),
        hint: ({ inSyncAtMs }) => dateTime(inSyncAtMs),
      },
    ],
  });
  return {
    element: el(
      'div',
      {},
      panel('Peers of this node', table.element),
      panel('Who lacks what, and why', steps.element),
    ),
    update() {
      const all = state.peers.sort(
        (a, b) => Number(b.connected) - Number(a.connected) || nameOf(a).localeCompare(nameOf(b)),
      );
      table.update(all);
      steps.update(all.flatMap((peer) => channelRows(peer)));
    },
  };
}

/** @param {PeerStatus} peer @returns {ChannelRow[]} */
function channelRows(peer) {
  return peer.channels
    .filter(
      ({ state, missingHere, missingThere, givenUp }) =>
        state !== 'in-sync' || missingHere > 0 || (missingThere ?? 0) > 0 || givenUp > 0,
    )
    .map((channel) => ({ ...channel, peer: nameOf(peer), id: peer.node ?? '' }));
}

/** @param {PeerStatus} peer */
function nameOf({ name, node, addresses }) {
  return name || (node === null ? addressText(addresses[0] ?? 'unknown') : nodeName(name, node));
}
