import type { Holder } from '../../src/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatAgo } from '../cli/human-figures.ts';
import { durationSeconds, wholeNumber } from '../cli/option-parsers.ts';
import { formatTable } from '../cli/table.ts';

interface HoldersCommandOptions {
  readonly channel?: string;
  readonly epoch?: string;
  readonly wait?: number;
}

/** `sedge holders`: on whose disks a message is. */
export const define: DefineCommand = (command, run) => {
  command
    .argument('<author>', 'who published it: a name, an id or the start of an id')
    .argument('<seq>', 'its number', wholeNumber(1, 2 ** 48 - 1))
    .option('--channel <name>', 'its channel (default: main)')
    .option('--epoch <epoch>', "its epoch, where the author has several; see 'sedge logs'")
    .option(
      '--wait <duration>',
      'how long peers may take to answer (default: 2s)',
      durationSeconds(0.001, 60),
    )
    .action(run(holders));
  addExamples(command, [
    ['sedge holders gateway 1042', 'a table: who has number 1042 of gateway'],
    ['sedge holders gateway 7 --channel alarm --json', 'an object a node'],
  ]);
};

async function holders(
  context: CommandContext,
  author: string,
  seq: number,
  { channel, epoch, wait }: HoldersCommandOptions,
): Promise<void> {
  const message = {
    author,
    seq,
    ...(channel === undefined ? {} : { channel }),
    ...(epoch === undefined ? {} : { epoch }),
  };
  const options = wait === undefined ? {} : { timeoutMs: Math.round(wait * 1_000) };
  const found = await context.withAgent((agent) => agent.holders(message, options));
  if (context.json) {
    const { holders: list, name, ...of } = found;
    for (const holder of list) await context.record({ ...of, authorName: name, ...holder });
    return;
  }
  const nowMs = context.io.nowMs();
  const held = found.holders.filter(({ holds }) => holds === true).length;
  const table = formatTable(found.holders, [
    { title: 'NODE', cell: ({ name, node, self }) => (self ? `${name} (this node)` : name || node) },
    { title: 'HOLDS IT', cell: holdsText },
    { title: 'LINK', cell: ({ connected, self }) => (self ? '-' : connected ? 'up' : 'down') },
    { title: 'KNOWN FROM', cell: ({ source }) => sourceText(source) },
    { title: 'AS OF', cell: ({ asOfMs }) => formatAgo(asOfMs, nowMs) },
  ]);
  await context.write(`${table}${held} of ${found.holders.length} nodes are known to hold it\n`);
}

function holdsText({ holds }: Holder): string {
  return holds === null ? 'unknown' : holds ? 'yes' : 'no';
}

function sourceText(source: Holder['source']): string {
  switch (source) {
    case 'disk':
      return 'its disk';
    case 'receipt':
      return 'its word, after fsync';
    case 'heads':
      return 'its heads';
    case 'in-sync':
      return 'being in sync';
    case 'bundle':
      return 'a bundle that it signed';
    case null:
      return '-';
  }
}
