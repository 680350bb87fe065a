import { Command, CommanderError, Option } from 'commander';
import { isSedgeError, SedgeError } from '../../src/errors/index.ts';
import { actAsOwner, requireServiceRights } from './act-as-owner.ts';
import { CommandContext, type CommandIo, type GlobalOptions } from './command-context.ts';
import type { CommandAction, DefineCommand, RunCommand } from './command-definition.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** A subcommand before its file is loaded. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loads the file of the command: only the one that is called, so that each starts quickly. */
  readonly load: () => Promise<{ readonly define: DefineCommand }>;
}

/** How a command line is read. */
export interface CommandLineOptions {
  readonly version: string;
  readonly entries: readonly CommandEntry[];
  readonly io: CommandIo;
  /** Reads the line, but does nothing: for the test of the examples. */
  readonly parseOnly?: boolean;
}

/** What root does as root: they change the machine, or look at it. */
const ROOT_COMMANDS: ReadonlySet<string> = new Set(['service', 'doctor']);

/** What works without a node. */
const DIRECTORY_FREE_COMMANDS: ReadonlySet<string> = new Set(['service', 'demo', 'simulate', 'config']);

/** Where the examples of the top-level help start. */
const OVERVIEW = `
Examples:
  $ sedge start                              # start the agent of this machine; makes a realm if there is none
  $ sedge invite                             # print a token for another machine
  $ sedge join TOKEN                         # on the other machine, then: sedge start
  $ sedge sub 'site/#'                       # print what arrives
  $ sedge pub site/greenhouse/temp 21.5      # publish a message

Exit codes: 0 done, 1 failure, 2 usage, 3 no agent, 4 --wait ran out,
5 import: the bundle was truncated or altered.
Help on a command: sedge COMMAND --help`;

/** The command line of sedge: reads arguments, loads the one command that is meant and runs it. */
export class CommandLine {
  readonly #options: CommandLineOptions;
  #exitCode: ExitCode = EXIT.done;

  constructor(options: CommandLineOptions) {
    this.#options = options;
  }

  /**
   * Runs a line, without `node` and the script. Resolves with the exit code; throws `cli.usage` for a line that
   * cannot be understood and whatever the command throws.
   */
  async run(argv: readonly string[]): Promise<ExitCode> {
    const program = this.#program();
    const line = argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv];
    try {
      await program.parseAsync(line, { from: 'user' });
    } catch (error) {
      if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
      throw withCommand(error instanceof CommanderError ? usageError(error) : error, wordsOf(program, line));
    }
    return this.#exitCode;
  }

  #program(): Command {
    const { io, version, entries } = this.#options;
    const program = new Command('sedge')
      .description('A brokerless messaging mesh for the edge: publish on any node, every node gets it once.')
      .version(version, '-V, --version', 'print the version')
      .addOption(new Option('--dir <directory>', 'directory of the node (env: SEDGE_DIR, default: ~/.sedge)'))
      .addOption(new Option('--json', 'print JSON objects, one a line (NDJSON)'))
      .helpOption('-h, --help', 'show help')
      .helpCommand(false)
      .usage('[--dir DIRECTORY] [--json] COMMAND ...')
      .configureHelp({ showGlobalOptions: true, helpWidth: 110 })
      .configureOutput({
        writeOut: (text) => io.stdout.write(text),
        // Errors come back as exceptions and are reported in one place, as text or JSON.
        writeErr: () => {},
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      })
      .exitOverride()
      .addHelpText('after', OVERVIEW);
    const loaders = new Map(entries.map((entry) => [entry.name, entry.load]));
    for (const { name, summary } of entries) program.command(name).description(summary);
    program.hook('preSubcommand', async (_program, command) => {
      const { define } = await loaders.get(command.name())!();
      define(command, this.#runner(program, command.name()));
    });
    return program;
  }

  #runner(program: Command, name: string): RunCommand {
    return <A extends unknown[]>(action: CommandAction<A>) =>
      async (...args: A): Promise<void> => {
        if (this.#options.parseOnly) return;
        const context = new CommandContext(this.#options.io, program.opts<GlobalOptions>());
        if (!DIRECTORY_FREE_COMMANDS.has(name))
          requireServiceRights(context.directory, context.isDirectoryNamed);
        if (!ROOT_COMMANDS.has(name)) actAsOwner(context.directory);
        this.#exitCode = (await action(context, ...args)) ?? EXIT.done;
      };
  }
}

/** Which command a line names, as far as there is one: `['device', 'add']`. */
function wordsOf(program: Command, line: readonly string[]): readonly string[] {
  const words: string[] = [];
  let at = program;
  for (const word of line) {
    if (word === '--') break;
    const next = at.commands.find((command) => command.name() === word);
    if (next === undefined) continue;
    words.push(word);
    at = next;
  }
  return words;
}

/** A mistake of the line, with the command whose help is about it. */
function withCommand(error: unknown, words: readonly string[]): unknown {
  if (!isSedgeError(error, 'cli.usage') || words.length === 0) return error;
  return new SedgeError('cli.usage', { ...error.details, command: words.join(' ') }, { cause: error });
}

function usageError(error: CommanderError): SedgeError {
  const reason =
    error.code === 'commander.help'
      ? 'a command is missing'
      : error.message
          .replace(/^error: /, '')
          .replaceAll('\n', ' ')
          .trim();
  return new SedgeError('cli.usage', { reason: reason.replace(/\.$/, '') });
}
