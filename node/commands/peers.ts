import type { PeerStatus } from '../../src/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatAgo, formatCount, formatSpan } from '../cli/human-figures.ts';
import { formatTable } from '../cli/table.ts';

/** Names longer than this are cut in the narrow table. */
const NAME_CHARACTERS = 18;
/** Enough of an id to tell nodes apart, and for every command that takes the start of one. */
const ID_CHARACTERS = 16;

/** `sedge peers`: who this node knows, and how far both are in step. */
export const define: DefineCommand = (command, run) => {
  command.option('--wide', 'whole ids, sources, addresses and errors too').action(run(peers));
  addExamples(command, [
    ['sedge peers', 'a table that fits 100 columns'],
    ['sedge peers --wide', 'with whole ids and addresses'],
    ['sedge peers --json', 'an object a peer'],
  ]);
};

async function peers(context: CommandContext, { wide = false }: { wide?: boolean }): Promise<void> {
  const list = await context.withAgent((agent) => agent.peers());
  if (context.json) {
    for (const peer of list) await context.record(peer);
    return;
  }
  if (list.length === 0) context.note('no peers yet: give one with "sedge start --peer", or wait for mDNS');
  else await context.write(peersText(list, context.io.nowMs(), wide));
}

/** The table of `sedge peers`. */
export function peersText(list: readonly PeerStatus[], nowMs: number, wide: boolean): string {
  const name = (peer: PeerStatus) => (wide ? peer.name : cut(peer.name, NAME_CHARACTERS)) || '-';
  const id = (peer: PeerStatus) => (wide ? peer.node : peer.node?.slice(0, ID_CHARACTERS)) ?? '-';
  return formatTable(list, [
    { title: 'PEER', cell: name },
    { title: 'LINK', cell: (peer) => linkOf(peer, wide) },
    { title: 'SINCE', cell: (peer) => formatAgo(peer.sinceMs, nowMs) },
    {
      title: 'RTT',
      cell: (peer) => (peer.latencyMs === null ? '-' : formatSpan(peer.latencyMs)),
      align: 'right',
    },
    { title: 'SYNC', cell: (peer) => (peer.health === 'stalled' ? 'stalled' : peer.sync) },
    { title: 'IN SYNC', cell: (peer) => formatAgo(peer.inSyncAtMs, nowMs) },
    { title: 'ID', cell: id },
    ...(wide
      ? [
          { title: 'SOURCE', cell: (peer: PeerStatus) => peer.source },
          { title: 'ADDRESS', cell: (peer: PeerStatus) => peer.addresses[0] ?? '-' },
        ]
      : []),
  ]);
}

function linkOf(peer: PeerStatus, wide: boolean): string {
  if (peer.connected) return 'up';
  if (peer.failedDials === 0) return 'down';
  const reason = !wide || peer.lastError === null ? '' : `, ${peer.lastError}`;
  return `down (${formatCount(peer.failedDials)} ${peer.failedDials === 1 ? 'try' : 'tries'}${reason})`;
}

function cut(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}~`;
}
