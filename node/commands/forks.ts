import type { ForkStatus } from '../../src/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatAgo, formatCount } from '../cli/human-figures.ts';
import { formatTable } from '../cli/table.ts';

/** `sedge forks`: keys that signed two things which exclude each other. */
export const define: DefineCommand = (command, run) => {
  command.action(run(forks));
  addExamples(command, [
    ['sedge forks', 'a table; nothing where no key was used twice'],
    ['sedge forks --json', 'an object a forked epoch'],
  ]);
};

const HOW: Readonly<Record<ForkStatus['kind'], string>> = {
  overlap: 'two entries for one number',
  'broken-chain': 'two entries before one',
  'bad-signature': 'vouched for a bad signature',
};

async function forks(context: CommandContext): Promise<void> {
  const list = await context.withAgent((agent) => agent.forks());
  if (context.json) {
    for (const fork of list) await context.record({ fork });
    return;
  }
  if (list.length === 0) {
    context.note('no forks: no key is known to have been used twice');
    return;
  }
  const nowMs = context.io.nowMs();
  const table = formatTable(list, [
    { title: 'AUTHOR', cell: (fork) => (fork.own ? 'this node' : fork.name || '-') },
    { title: 'CHANNEL', cell: (fork) => fork.channel },
    { title: 'EPOCH', cell: (fork) => fork.epoch },
    { title: 'ENDS AT', cell: (fork) => formatCount(fork.end), align: 'right' },
    { title: 'HOW', cell: (fork) => HOW[fork.kind] },
    { title: 'REPORTED BY', cell: (fork) => fork.reporterName || fork.reporter },
    { title: 'HEARD', cell: (fork) => formatAgo(fork.foundAtMs, nowMs) },
    { title: 'AUTHOR ID', cell: (fork) => fork.author },
  ]);
  await context.write(table);
  if (list.some(({ alarm }) => alarm)) context.note('see "sedge doctor" for what to do');
}
