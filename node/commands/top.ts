import type { ReadStream, WriteStream } from 'node:tty';
import { Option } from 'commander';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { durationSeconds, wholeNumber } from '../cli/option-parsers.ts';
import { LiveTop } from '../top/live-top.ts';
import { pause } from '../top/pause.ts';
import { readFigures } from '../top/top-figures.ts';
import { inkFor } from '../top/top-ink.ts';
import { plainLine, plainRecord } from '../top/top-plain.ts';
import { TOP_SORTS, type TopSort } from '../top/top-sort.ts';

interface TopOptions {
  /** Seconds. */
  readonly interval: number;
  readonly count?: number;
  readonly sort: TopSort;
}

const INTERVAL_SECONDS_LEAST = 0.2;
const INTERVAL_SECONDS_MOST = 3_600;
const COUNT_MAX = 1_000_000_000;

/** `sedge top`: the agent's figures, again and again. */
export const define: DefineCommand = (command, run) => {
  command
    .addOption(
      new Option('--interval <duration>', 'look so often: 200ms to 1h')
        .argParser(durationSeconds(INTERVAL_SECONDS_LEAST, INTERVAL_SECONDS_MOST))
        .default(1, '1s'),
    )
    .option('--count <n>', 'end after so many looks', wholeNumber(1, COUNT_MAX))
    .addOption(new Option('--sort <by>', 'what comes first').choices([...TOP_SORTS]).default('busy'))
    .addHelpText(
      'after',
      '\nOn a terminal: q quits, b, n and z sort by what is busy, by name and by size, ? tells of all keys.\nElsewhere a line each time. NO_COLOR=1 is without colours.',
    )
    .action(run(top));
  addExamples(command, [
    ['sedge top', 'messages, peers, disk, card and memory, each second'],
    ['sedge top --sort size --interval 5s', 'the channels that take most, every five seconds'],
    ['sedge top --count 1 | cat', 'one line, now'],
    ['sedge top --json --interval 1m', 'an object a minute, for a program'],
  ]);
};

async function top(context: CommandContext, options: TopOptions): Promise<void> {
  const { io, json } = context;
  const signal = context.interruption();
  const intervalMs = options.interval * 1_000;
  const count = options.count ?? null;
  await context.withAgent(async (agent) => {
    if (!json && io.stdout.isTTY === true) {
      const terminal = { stdout: io.stdout as WriteStream, stdin: io.stdin as ReadStream };
      const looks = { intervalMs, count, sort: options.sort, ink: inkFor(io.env) };
      return new LiveTop(agent, terminal, looks).run(signal);
    }
    for (let looks = 1; !signal.aborted; looks++) {
      const figures = await readFigures(agent);
      if (json) await context.record(plainRecord(figures));
      else await context.write(plainLine(figures));
      if (looks === count) return;
      await pause(intervalMs, signal);
    }
  });
}
