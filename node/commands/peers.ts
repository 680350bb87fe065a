import type { PeerStatus } from '../../src/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatAgo, formatSpan } from '../cli/human-figures.ts';
import { formatTable } from '../cli/table.ts';

/** `sedge peers`: who this node knows, and how far both are in step. */
export const define: DefineCommand = (command, run) => {
  command.action(run(peers));
  addExamples(command, [
    ['sedge peers', 'a table'],
    ['sedge peers --json', 'an object a peer'],
  ]);
};

async function peers(context: CommandContext): Promise<void> {
  const list = await context.withAgent((agent) => agent.peers());
  if (context.json) {
    for (const peer of list) await context.record(peer);
    return;
  }
  if (list.length === 0) context.note('no peers yet: give one with "sedge start --peer", or wait for mDNS');
  else await context.write(peersText(list, context.io.nowMs()));
}

function peersText(list: readonly PeerStatus[], nowMs: number): string {
  return formatTable(list, [
    { title: 'PEER', cell: (peer) => peer.name || '-' },
    { title: 'LINK', cell: linkOf },
    { title: 'SINCE', cell: (peer) => formatAgo(peer.sinceMs, nowMs) },
    {
      title: 'RTT',
      cell: (peer) => (peer.latencyMs === null ? '-' : formatSpan(peer.latencyMs)),
      align: 'right',
    },
    { title: 'SYNC', cell: (peer) => peer.sync },
    { title: 'IN SYNC', cell: (peer) => formatAgo(peer.inSyncAtMs, nowMs) },
    { title: 'SOURCE', cell: (peer) => peer.source },
    { title: 'ID', cell: (peer) => peer.node ?? '-' },
    { title: 'ADDRESS', cell: (peer) => peer.addresses[0] ?? '-' },
  ]);
}

function linkOf(peer: PeerStatus): string {
  if (peer.connected) return 'up';
  const reason = peer.lastError === null ? '' : `, ${peer.lastError}`;
  return peer.failedDials === 0 ? 'down' : `down (${peer.failedDials} tries${reason})`;
}
