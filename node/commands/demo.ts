import { Option } from 'commander';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { EXIT, type ExitCode } from '../cli/exit-codes.ts';
import { wholeNumber } from '../cli/option-parsers.ts';

interface DemoCommandOptions {
  readonly keep: boolean;
  readonly rate: number;
}

/** `sedge demo`: four nodes of their own, real readings, crashes and a cut. It touches no other node. */
export const define: DefineCommand = (command, run) => {
  command
    .option('--keep', 'keep the directories of the four nodes, and say where they are', false)
    .addOption(
      new Option('--rate <readings>', 'readings a second that are fed in')
        .argParser(wholeNumber(100, 100_000))
        .default(7_000),
    )
    .addHelpText(
      'before',
      'Feeds a month of readings of twelve air-quality stations in at three of four nodes in a line, kills one node\nand the subscriber at the far end, cuts a link, and checks that each reading arrives exactly once, in order.\n',
    )
    .action(run(demo));
  addExamples(command, [
    ['sedge demo', 'watch it; half a minute'],
    ['sedge demo --json', 'one object with the result'],
    ['sedge demo --keep', 'look at the nodes afterwards, e.g. with "sedge verify"'],
  ]);
};

async function demo(context: CommandContext, { keep, rate }: DemoCommandOptions): Promise<ExitCode> {
  const { demoViewFor, describeSummary, runDemo, SILENT_VIEW } = await import('../demo/index.ts');
  const signal = context.interruption();
  const view = context.json ? SILENT_VIEW : demoViewFor(context.io.stderr);
  try {
    const summary = await runDemo({ readingsPerSecond: rate, keep, view, signal });
    view.close();
    if (context.json) await context.record(summary);
    else await context.write(`${describeSummary(summary)}\n`);
    return summary.perfect ? EXIT.done : EXIT.failure;
  } catch (error) {
    if (!signal.aborted) throw error;
    context.note('The demo was ended; nothing of it is left.');
    return EXIT.failure;
  } finally {
    view.close();
  }
}
