import type { ChannelStatus } from '../../src/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatBytes, formatCount, formatSpan } from '../cli/human-figures.ts';
import { formatTable } from '../cli/table.ts';
import { formatKeep } from '../config/keep-text.ts';

/** `sedge channels`: what this node holds, a channel a line. */
export const define: DefineCommand = (command, run) => {
  command.action(run(channels));
  addExamples(command, [
    ['sedge channels', 'a table'],
    ['sedge channels --json', 'an object a channel'],
  ]);
};

async function channels(context: CommandContext): Promise<void> {
  const list = await context.withAgent((agent) => agent.channels());
  if (context.json) {
    for (const channel of list) await context.record(channel);
    return;
  }
  const table = formatTable(list, [
    { title: 'CHANNEL', cell: (channel) => channel.channel },
    { title: 'TOPICS', cell: (channel) => channel.filter ?? 'all others' },
    { title: 'LOGS', cell: (channel) => formatCount(channel.logs), align: 'right' },
    { title: 'MESSAGES', cell: (channel) => formatCount(channel.messages), align: 'right' },
    { title: 'ENTRIES', cell: (channel) => formatCount(channel.entries), align: 'right' },
    { title: 'SIZE', cell: (channel) => formatBytes(channel.bytes), align: 'right' },
    { title: 'OLDEST', cell: oldestOf, align: 'right' },
    { title: 'KEPT', cell: (channel) => formatKeep(channel.policy) || 'all' },
    { title: 'DROPPED', cell: (channel) => formatCount(droppedOf(channel)), align: 'right' },
    { title: 'GAPS', cell: (channel) => formatCount(channel.gaps), align: 'right' },
    { title: 'OFFSET', cell: (channel) => channel.offset ?? '-' },
  ]);
  await context.write(table);
}

function oldestOf({ oldestAgeMs }: ChannelStatus): string {
  return oldestAgeMs === null ? '-' : formatSpan(oldestAgeMs);
}

/** Since the start; `--json` says why. */
function droppedOf({ dropped }: ChannelStatus): number {
  return Object.values(dropped).reduce((sum, messages) => sum + messages, 0);
}
