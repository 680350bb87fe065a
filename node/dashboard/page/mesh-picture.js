import { addressText } from './address-text.js';
import { milliseconds, nodeName } from './format.js';
import { linkWords, syncWords } from './peer-words.js';

/** A node whose own messages came in this time is reached, if not directly. */
const HEARD_MS = 300_000;

/**
 * A node as this node sees it: `direct` is connected; `heard` is not, but its messages come through others; `away` is neither.
 * @typedef {{
 *   key: string, node: string | null, name: string, where: 'direct' | 'heard' | 'away', tone: import('./peer-words.js').Tone,
 *   link: string, roundTrip: string, step: string, heardAtMs: number | null,
 *   carries: readonly { channel: string, state: 'in-sync' | 'apart' | 'unknown' }[],
 * }} PictureNode
 */

const ORDER = { direct: 0, heard: 1, away: 2 };

/**
 * The realm as it can be seen from here: all its nodes, each once, those that are reached first.
 * @param {import('./node-state.js').NodeState} state
 * @returns {PictureNode[]}
 */
export function meshPicture(state) {
  const { peers, sections } = state;
  const { status, realm } = sections;
  const self = status?.node;
  const seen = new Set([self]);
  /** @type {PictureNode[]} */
  const nodes = [];
  for (const peer of peers) {
    if (peer.node !== null && seen.has(peer.node)) continue;
    if (peer.node !== null) seen.add(peer.node);
    nodes.push(peerNode(peer, state));
  }
  for (const { node, name, status: standing } of realm?.nodes ?? []) {
    if (standing === 'revoked' || seen.has(node)) continue;
    const heardAtMs = state.topics.heard.get(node) ?? null;
    const where = isRecent(heardAtMs) ? 'heard' : 'away';
    nodes.push({
      key: node,
      node,
      name: nodeName(name, node),
      where,
      tone: where === 'heard' ? 'idle' : 'bad',
      link: where === 'heard' ? 'through others' : 'not reached',
      roundTrip: '',
      step: '',
      heardAtMs,
      carries: [],
    });
  }
  return nodes.sort(
    (a, b) => ORDER[a.where] - ORDER[b.where] || a.name.localeCompare(b.name, 'en', { numeric: true }),
  );
}

/**
 * @param {import('./peer-words.js').PeerStatus} peer
 * @param {import('./node-state.js').NodeState} state
 * @returns {PictureNode}
 */
function peerNode(peer, state) {
  const { tone, word } = linkWords(peer);
  const own = peer.node === null ? null : (state.topics.heard.get(peer.node) ?? null);
  const where = peer.connected ? 'direct' : isRecent(own) ? 'heard' : 'away';
  return {
    key: peer.node ?? peer.addresses.join(' '),
    node: peer.node,
    name:
      peer.name ||
      (peer.node === null ? addressText(peer.addresses[0] ?? 'unknown') : nodeName('', peer.node)),
    where,
    tone: where === 'heard' ? 'idle' : tone,
    link: where === 'heard' ? 'through others' : word,
    roundTrip: peer.connected && peer.latencyMs !== null ? milliseconds(peer.latencyMs) : '',
    step: peer.connected ? syncWords(peer.channels, peer.sync).word : '',
    heardAtMs: peer.heardAtMs ?? own,
    carries: peer.channels.map(({ channel, state: step }) => ({ channel, state: step })),
  };
}

/** @param {number | null} atMs */
function isRecent(atMs) {
  return atMs !== null && Date.now() - atMs < HEARD_MS;
}
