import { Argument, InvalidArgumentError, Option } from 'commander';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { EXIT, type ExitCode } from '../cli/exit-codes.ts';
import { wholeNumber } from '../cli/option-parsers.ts';

interface DemoCommandOptions {
  readonly keep: boolean;
  readonly rate?: number;
  readonly readings: number;
  readonly noise: number;
  readonly seed: number;
}

const SEED_MAX = 2 ** 32 - 1;
const RATES = { mesh: 7_000, serial: 100, mqtt: 200 };

/** `sedge demo`: nodes of their own, real readings, crashes and cuts. It touches no other node. */
export const define: DefineCommand = (command, run) => {
  command
    .addArgument(
      new Argument(
        '[which]',
        'mesh: four nodes in a line; serial: a device on a noisy line; mqtt: three brokers',
      )
        .choices(['mesh', 'serial', 'mqtt'])
        .default('mesh'),
    )
    .option('--keep', 'keep the directories of the nodes, and say where they are', false)
    .addOption(
      new Option(
        '--rate <readings>',
        `readings a second (mesh: ${RATES.mesh}, serial: ${RATES.serial}, mqtt: ${RATES.mqtt})`,
      ).argParser(wholeNumber(10, 100_000)),
    )
    .addOption(
      new Option('--readings <n>', 'serial, mqtt: how many readings')
        .argParser(wholeNumber(100, 5_000))
        .default(3_000),
    )
    .addOption(
      new Option('--noise <percent>', 'serial: bytes that the line loses; half as many are altered')
        .argParser(percent(1))
        .default(0.2),
    )
    .addOption(
      new Option('--seed <n>', 'serial: of the noise').argParser(wholeNumber(0, SEED_MAX)).default(1),
    )
    .addHelpText(
      'before',
      'mesh: feeds a month of readings of twelve air-quality stations in at three of four nodes in a line, kills one\nnode and the subscriber at the far end, cuts a link, and checks that each reading arrives exactly once, in order.\nserial: compiles the library of a sensor board for this machine, has it send readings over a noisy serial line,\nunplugs it, takes its power, kills its gateway, and checks that each reading comes once or is reported as lost.\nmqtt: has MQTT clients at each of three nodes publish to each other, kills one node, cuts another off, and checks that\neach message reaches each subscriber once and in order, and that every node knows the last retained values.\n',
    )
    .action(run(demo));
  addExamples(command, [
    ['sedge demo', 'watch it; half a minute'],
    ['sedge demo --json', 'one object with the result'],
    ['sedge demo --keep', 'look at the nodes afterwards, e.g. with "sedge verify"'],
    ['sedge demo serial', 'a sensor on a noisy serial line; most of a minute; needs a C compiler'],
    ['sedge demo serial --noise 1', 'a much worse line'],
    [
      'sedge demo mqtt',
      'MQTT clients at three nodes; half a minute; needs MQTT.js, as a clone of the project has it',
    ],
  ]);
};

async function demo(
  context: CommandContext,
  which: keyof typeof DEMOS,
  options: DemoCommandOptions,
): Promise<ExitCode> {
  const signal = context.interruption();
  try {
    return await DEMOS[which](context, options, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    context.note('The demo was ended; nothing of it is left.');
    return EXIT.failure;
  }
}

async function demoMesh(
  context: CommandContext,
  { keep, rate = RATES.mesh }: DemoCommandOptions,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { demoViewFor, describeSummary, pictureLines, runDemo, SILENT_VIEW } = await import(
    '../demo/index.ts'
  );
  const view = context.json ? SILENT_VIEW : demoViewFor(context.io.stderr, pictureLines);
  try {
    const summary = await runDemo({ readingsPerSecond: rate, keep, view, signal });
    view.close();
    return await conclude(context, summary, describeSummary(summary));
  } finally {
    view.close();
  }
}

async function demoSerial(
  context: CommandContext,
  { keep, rate = RATES.serial, readings, noise, seed }: DemoCommandOptions,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { demoViewFor, describeSerialSummary, runSerialDemo, serialPictureLines, SILENT_VIEW } = await import(
    '../demo/index.ts'
  );
  const view = context.json ? SILENT_VIEW : demoViewFor(context.io.stderr, serialPictureLines);
  try {
    const plan = { readings, readingsPerSecond: rate, noise: noise / 100, seed };
    const summary = await runSerialDemo({ ...plan, keep, view, signal });
    view.close();
    return await conclude(context, summary, describeSerialSummary(summary));
  } finally {
    view.close();
  }
}

async function demoMqtt(
  context: CommandContext,
  { keep, rate = RATES.mqtt, readings }: DemoCommandOptions,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { demoViewFor, describeMqttSummary, mqttPictureLines, runMqttDemo, SILENT_VIEW } = await import(
    '../demo/index.ts'
  );
  const view = context.json ? SILENT_VIEW : demoViewFor(context.io.stderr, mqttPictureLines);
  try {
    const summary = await runMqttDemo({ messages: readings, messagesPerSecond: rate, keep, view, signal });
    view.close();
    return await conclude(context, summary, describeMqttSummary(summary));
  } finally {
    view.close();
  }
}

const DEMOS = { mesh: demoMesh, serial: demoSerial, mqtt: demoMqtt };

async function conclude(
  context: CommandContext,
  summary: { readonly perfect: boolean },
  text: string,
): Promise<ExitCode> {
  if (context.json) await context.record(summary);
  else await context.write(`${text}\n`);
  return summary.perfect ? EXIT.done : EXIT.failure;
}

/** A parser of a share in percent, for commander. */
function percent(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+(\.\d+)?$/.test(text) || value > max) {
      throw new InvalidArgumentError(`It must be a number from 0 to ${max}.`);
    }
    return value;
  };
}
