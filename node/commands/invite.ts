import { Option } from 'commander';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatSpan, plural } from '../cli/human-figures.ts';
import { durationSeconds, wholeNumber } from '../cli/option-parsers.ts';

interface InviteOptions {
  readonly expires: number;
  readonly uses: number;
  readonly role: 'member' | 'admin';
}

const YEAR_SECONDS = 366 * 86_400;

/** `sedge invite`: prints a token, and nothing else, on stdout. */
export const define: DefineCommand = (command, run) => {
  command
    .addOption(
      new Option('--expires <duration>', 'how long the token is good')
        .argParser(durationSeconds(1, YEAR_SECONDS))
        .default(86_400, '24h'),
    )
    .addOption(
      new Option('--uses <count>', 'how many nodes may join with it, 0 for any number')
        .argParser(wholeNumber(0, 65_536))
        .default(1),
    )
    .addOption(
      new Option('--role <role>', 'what the node may do: an admin may invite and revoke')
        .choices(['member', 'admin'])
        .default('member'),
    )
    .action(run(invite));
  addExamples(command, [
    ['sedge invite', 'a token for one machine, good for a day'],
    ['sedge invite --uses 10 --expires 1h', 'one token for ten machines that are set up now'],
    ['sedge invite --role admin', 'the new node may invite others'],
    ['sedge invite | ssh barn sedge join -', 'hand it over without showing it'],
  ]);
};

async function invite(context: CommandContext, options: InviteOptions): Promise<void> {
  const { expires: expiresInSeconds, uses, role } = options;
  const made = await context.withAgent((agent) => agent.invite({ expiresInSeconds, uses, role }));
  if (context.json) return context.record(made);
  await context.write(`${made.token}\n`);
  const left = formatSpan(made.expiresAtMs - context.io.nowMs());
  const nodes = made.uses === 0 ? 'any number of nodes' : plural(made.uses, 'node');
  context.note(`Good for ${nodes}, for ${left}. On the other machine: sedge join TOKEN`);
}
