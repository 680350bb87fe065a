import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import type { ExitCode } from './exit-codes.ts';

/** What a command does; its exit code is 0 unless it returns another or throws. */
export type CommandAction<A extends unknown[]> = (
  context: CommandContext,
  ...args: A
  // biome-ignore lint/suspicious/noConfusingVoidType: most commands return nothing
) => Promise<ExitCode | void>;

/** Turns an action into what commander calls, with the context of this run. */
export type RunCommand = <A extends unknown[]>(action: CommandAction<A>) => (...args: A) => Promise<void>;

/** Gives a command its arguments, options, examples and action. One file a command exports it as `define`. */
export type DefineCommand = (command: Command, run: RunCommand) => void;

/** One example of a command's help: the line to type and what it is for. */
export type Example = readonly [line: string, purpose: string];

/** Adds examples to a command's help. A test parses every one of them. */
export function addExamples(command: Command, examples: readonly Example[]): void {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, purpose]) => `  $ ${line.padEnd(width)}  # ${purpose}`);
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
