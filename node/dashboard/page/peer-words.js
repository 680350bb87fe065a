import { count, plural } from './format.js';

/**
 * @typedef {import('../../../src/mesh/mesh-status.ts').PeerStatus} PeerStatus
 * @typedef {import('../../../src/mesh/mesh-status.ts').PeerChannelStatus} PeerChannelStatus
 * @typedef {'good' | 'warn' | 'bad' | 'idle'} Tone
 */

/**
 * How the link to a peer is.
 * @param {PeerStatus} peer
 * @returns {{ tone: Tone, word: string }}
 */
export function linkWords({ connected, health }) {
  if (!connected) return { tone: 'bad', word: 'not connected' };
  return health === 'stalled' ? { tone: 'warn', word: 'silent' } : { tone: 'good', word: 'connected' };
}

/**
 * How far the two are in step: `in sync`, or what each lacks and why.
 * @param {readonly PeerChannelStatus[]} channels
 * @param {PeerStatus['sync']} sync
 * @returns {{ tone: Tone, word: string }}
 */
export function syncWords(channels, sync) {
  const here = sumOf(channels, ({ missingHere }) => missingHere);
  const there = sumOf(channels, ({ missingThere }) => missingThere ?? 0);
  const lost = sumOf(channels, ({ givenUp }) => givenUp);
  const parts = [
    here > 0 ? `${count(here)} missing here` : '',
    there > 0 ? `${count(there)} missing there` : '',
    lost > 0 ? `${count(lost)} lost` : '',
  ].filter((part) => part !== '');
  if (parts.length > 0) return { tone: 'warn', word: parts.join(', ') };
  if (sync === 'in-sync') return { tone: 'good', word: 'in sync' };
  return sync === 'syncing' ? { tone: 'warn', word: 'syncing' } : { tone: 'idle', word: 'not known' };
}

/** Why messages of a channel are not where they should be. @param {PeerChannelStatus} status */
export function whyWords({ state, missingHere, missingThere, givenUp }) {
  const parts = [];
  if (missingHere > 0)
    parts.push(`${plural(missingHere, 'message')} that the peer holds and this node lacks, being fetched`);
  if ((missingThere ?? 0) > 0)
    parts.push(`${plural(missingThere ?? 0, 'message')} that the peer has not said to hold`);
  if (givenUp > 0)
    parts.push(
      `${plural(givenUp, 'message')} asked for in vain: refused here, past their lifetime, or not sent`,
    );
  if (parts.length > 0) return parts.join('; ');
  return {
    'in-sync': 'both hold the same',
    apart: 'not in step yet',
    unknown: 'the peer has not said what it holds',
  }[state];
}

/**
 * @template Item
 * @param {readonly Item[]} items
 * @param {(item: Item) => number} figureOf
 */
function sumOf(items, figureOf) {
  return items.reduce((sum, item) => sum + figureOf(item), 0);
}
