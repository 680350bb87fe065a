import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatCount } from '../cli/human-figures.ts';
import { formatTable } from '../cli/table.ts';

/** `sedge gaps`: numbers that exist and that this node does not hold. */
export const define: DefineCommand = (command, run) => {
  command.action(run(gaps));
  addExamples(command, [
    ['sedge gaps', 'a table; nothing where nothing is missing'],
    ['sedge gaps --json', 'an object a gap'],
  ]);
};

async function gaps(context: CommandContext): Promise<void> {
  const list = await context.withAgent((agent) => agent.gaps());
  if (context.json) {
    for (const gap of list) await context.record({ gap });
    return;
  }
  if (list.length === 0) {
    context.note('no gaps: nothing is known to be missing');
    return;
  }
  const table = formatTable(list, [
    { title: 'CHANNEL', cell: (gap) => gap.channel },
    { title: 'AUTHOR', cell: (gap) => gap.name || '-' },
    { title: 'FIRST', cell: (gap) => formatCount(gap.first), align: 'right' },
    { title: 'LAST', cell: (gap) => formatCount(gap.last), align: 'right' },
    { title: 'MESSAGES', cell: (gap) => formatCount(gap.last - gap.first + 1), align: 'right' },
    { title: 'EPOCH', cell: (gap) => gap.epoch },
    { title: 'AUTHOR ID', cell: (gap) => gap.author },
  ]);
  await context.write(table);
}
