import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatFacts } from '../cli/table.ts';
import { readLogLevels } from '../log/log-levels.ts';

/** `sedge log`: how much the running agent logs. */
export const define: DefineCommand = (command, run) => {
  const level = command
    .command('level')
    .description('show the level of each part, or change some until the agent ends')
    .argument('[part=level...]', 'such as sync=debug; all=info for every part')
    .action(run(levels));
  addExamples(level, [
    ['sedge log level', 'how it is'],
    ['sedge log level sync=debug overlay=debug', 'to find out why a peer does not catch up'],
    ['sedge log level all=info', 'as at the start'],
  ]);
  addExamples(command, [['sedge log level sync=debug', 'without a restart']]);
};

async function levels(context: CommandContext, pairs: readonly string[]): Promise<void> {
  const read = readLogLevels([...pairs]);
  if (!read.ok) throw new SedgeError('cli.usage', { reason: read.reason });
  const answer = await context.withAgent((agent) =>
    pairs.length === 0 ? agent.logLevels() : agent.setLogLevels(read.value as Record<string, string>),
  );
  if (context.json) return context.record(answer);
  return context.write(formatFacts(Object.entries(answer)));
}
