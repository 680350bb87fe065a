import { type Command, InvalidArgumentError, Option } from 'commander';
import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import type { ExitCode } from '../cli/exit-codes.ts';
import { wholeNumber } from '../cli/option-parsers.ts';
import { requireWritable } from '../simulate/require-writable.ts';
import type { ContactOptions } from '../simulate/simulate-contacts.ts';
import type { ScaleOptions } from '../simulate/simulate-scale.ts';
import type { ScenarioOptions } from '../simulate/simulate-scenarios.ts';

type SimulateOptions = ScenarioOptions & ScaleOptions & Partial<ContactOptions> & { readonly list: boolean };

const SEED_MAX = 2 ** 32 - 1;

/** `sedge simulate`: scenarios and contact traces on real nodes in one process, on virtual time. */
export const define: DefineCommand = (command, run) => {
  command
    .argument(
      '[scenario...]',
      'scenarios to play ("--list" shows them), or "scale": meshes of 10 to 3,000 nodes',
    )
    .option('--all', 'play all scenarios', false)
    .option('--list', 'show the scenarios and end', false)
    .addOption(new Option('--seed <n>', 'first seed').argParser(wholeNumber(0, SEED_MAX)).default(1))
    .addOption(
      new Option('--seeds <n>', 'how many seeds, counted up').argParser(wholeNumber(1, 100_000)).default(1),
    )
    .addOption(
      new Option('--nodes <n>', "nodes instead of the scenario's number").argParser(wholeNumber(2, 3_000)),
    )
    .addOption(new Option('--overlay <name>', 'play on this one alone').choices(['model', 'libp2p']))
    .option('--plot <file.svg>', 'with "scale": draw the figures')
    .option('--report <file.html>', 'write a report: one HTML file')
    .option('--contacts <file>', 'replay meetings: lines "nodeA nodeB startSeconds endSeconds"')
    .addOption(
      new Option('--messages <n>', 'with --contacts: messages in all').argParser(wholeNumber(1, 1_000_000)),
    )
    .addOption(new Option('--interval <seconds>', 'with --messages: one each so often').argParser(seconds))
    .option('--publish <file>', 'with --contacts: lines "seconds node topic payload"')
    .option('--history <file>', 'with --contacts: write every event as a JSON line')
    .addHelpText(
      'before',
      'Runs real sedge nodes in one process on virtual time, over links that come and go as a scenario or a list of\nmeetings says, and checks that nothing is lost, doubled or out of order. It touches no node of yours.\n',
    )
    .action(run(simulate));
  addExamples(command, [
    ['sedge simulate --list', 'what can be played'],
    ['sedge simulate two-way-partition --report run.html', 'one scenario, and look at it'],
    ['sedge simulate --all --seeds 3', 'all of them with seeds 1, 2 and 3'],
    ['sedge simulate scale --plot scale.svg', 'figures of 10 to 3,000 nodes'],
    ['sedge simulate --contacts meetings.txt --messages 100 --interval 60', 'your own topology'],
    [
      'sedge simulate --contacts meetings.txt --publish messages.txt --history out.ndjson',
      'check it yourself',
    ],
  ]);
};

async function simulate(
  context: CommandContext,
  scenarios: readonly string[],
  options: SimulateOptions,
  command: Command,
): Promise<ExitCode> {
  const given = (name: string) => command.getOptionValueSource(name) === 'cli';
  await requireWritable(options.report, options.plot, options.history);
  if (options.contacts !== undefined) {
    requireContactOptions(scenarios, given);
    const { simulateContacts } = await import('../simulate/simulate-contacts.ts');
    return simulateContacts(context, { ...options, contacts: options.contacts });
  }
  const stray = ['messages', 'interval', 'publish', 'history'].find(given);
  if (stray !== undefined) throw usage(`--${stray} goes with --contacts`);
  if (scenarios.includes('scale')) {
    requireScaleOptions(scenarios, given);
    const { simulateScale } = await import('../simulate/simulate-scale.ts');
    return simulateScale(context, options);
  }
  if (given('plot')) throw usage('--plot goes with "scale"');
  const { listScenarios, simulateScenarios } = await import('../simulate/simulate-scenarios.ts');
  if (options.list) return listScenarios(context);
  if (options.all && scenarios.length > 0) throw usage('--all goes without names of scenarios');
  if (!options.all && scenarios.length === 0)
    throw usage('give names of scenarios, or --all, --list or --contacts FILE');
  return simulateScenarios(context, scenarios, options);
}

function requireContactOptions(scenarios: readonly string[], given: (name: string) => boolean): void {
  const stray = ['all', 'list', 'seeds', 'nodes'].find(given);
  if (scenarios.length > 0 || stray !== undefined) {
    throw usage(`--contacts goes without ${stray === undefined ? 'names of scenarios' : `--${stray}`}`);
  }
  if (given('publish') === given('messages')) throw usage('give one of --messages N and --publish FILE');
  if (given('messages') !== given('interval')) throw usage('--messages N and --interval S go together');
}

function requireScaleOptions(scenarios: readonly string[], given: (name: string) => boolean): void {
  const stray = ['all', 'list', 'seeds', 'overlay', 'report'].find(given);
  if (stray !== undefined) throw usage(`"scale" goes without --${stray}`);
  if (scenarios.length > 1) throw usage('"scale" goes alone');
}

function usage(reason: string): SedgeError {
  return new SedgeError('cli.usage', { reason });
}

/** A positive number of seconds, decimals allowed, for commander. */
function seconds(text: string): number {
  const value = Number(text);
  if (!/^(?:\d+\.?\d*|\.\d+)s?$/.test(text) || !(Number.parseFloat(text) > 0) || value > 31_536_000) {
    throw new InvalidArgumentError('It must be a number of seconds above 0, at most a year.');
  }
  return Number.parseFloat(text);
}
