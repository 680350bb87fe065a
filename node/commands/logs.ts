import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatCount } from '../cli/human-figures.ts';
import { formatTable } from '../cli/table.ts';

/** `sedge logs`: what this node holds, a log a line. */
export const define: DefineCommand = (command, run) => {
  command.option('--channel <name>', 'of this channel alone').action(run(logs));
  addExamples(command, [
    ['sedge logs', 'every author, channel and epoch'],
    ['sedge logs --channel main', 'of one channel'],
    ['sedge logs --json', 'an object a log'],
  ]);
};

async function logs(context: CommandContext, options: { channel?: string }): Promise<void> {
  const all = await context.withAgent((agent) => agent.logs());
  const list = all.filter((log) => options.channel === undefined || log.channel === options.channel);
  if (context.json) {
    for (const log of list) await context.record(log);
    return;
  }
  const table = formatTable(list, [
    { title: 'CHANNEL', cell: (log) => log.channel },
    { title: 'AUTHOR', cell: (log) => (log.own ? `${log.name} (this node)` : log.name || '-') },
    { title: 'LAST', cell: (log) => formatCount(log.last), align: 'right' },
    { title: 'HELD', cell: (log) => formatCount(log.held), align: 'right' },
    { title: 'MISSING', cell: (log) => formatCount(log.missing), align: 'right' },
    { title: 'LET GO', cell: (log) => formatCount(log.letGo), align: 'right' },
    { title: 'EPOCH', cell: (log) => log.epoch },
    { title: 'AUTHOR ID', cell: (log) => log.author },
  ]);
  await context.write(table);
}
