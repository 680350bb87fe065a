import { isSedgeError, SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { EXIT, type ExitCode } from '../cli/exit-codes.ts';
import { formatTable } from '../cli/table.ts';
import {
  CONFIG_FILE,
  type ConfigMistake,
  checkHttp,
  checkMqtt,
  exampleText,
  gatherSettings,
  mistakesOf,
  readConfigFile,
  resolveSettings,
  SETTING_KEYS,
  SETTING_TEXTS,
  settingText,
} from '../config/index.ts';

/** `sedge config`: what an agent of the directory would run with, and what is wrong with what is written. */
export const define: DefineCommand = (command, run) => {
  const show = command
    .command('show')
    .description('each setting, its value, and where it was said')
    .action(run(showSettings));
  const check = command
    .command('check')
    .description('look for mistakes, with line and key; nothing is changed')
    .argument('[file]', `file to check (default: ${CONFIG_FILE} of the directory, and the environment)`)
    .action(run(checkSettings));
  const example = command
    .command('example')
    .description('print a configuration file with every setting, each commented out')
    .action(run(printExample));
  addExamples(show, [
    ['sedge config show', 'a table'],
    ['sedge config show --json', 'an object a setting'],
  ]);
  addExamples(check, [
    ['sedge config check', 'before the agent is started again'],
    ['sedge config check new.yaml', 'a file elsewhere'],
  ]);
  addExamples(example, [
    ['sedge config example > ~/.sedge/sedge.yaml', 'then remove the # before what you change'],
  ]);
  addExamples(command, [
    ['sedge config example > ~/.sedge/sedge.yaml', 'a file to start from'],
    ['sedge config check', 'what is wrong with it'],
    ['sedge config show', 'what counts, and why'],
  ]);
};

async function showSettings(context: CommandContext): Promise<ExitCode> {
  const { effective, mistakes } = await gatherSettings(context.directory, context.io.env);
  const rows = SETTING_KEYS.map((key) => {
    const said = effective.get(key);
    const value = said === undefined ? SETTING_TEXTS[key].byDefault : settingText(key, said.value);
    return {
      key,
      value,
      json: said?.value ?? null,
      origin: said?.origin ?? 'default',
      where: said?.where ?? '',
    };
  });
  if (context.json) {
    for (const { key, json, value, origin, where } of rows) {
      const from = where === '' ? { origin } : { origin, where };
      await context.record({ setting: key, value: origin === 'default' ? null : json, text: value, ...from });
    }
  } else {
    const table = formatTable(rows, [
      { title: 'SETTING', cell: ({ key }) => key },
      { title: 'VALUE', cell: ({ value }) => value },
      { title: 'FROM', cell: ({ origin, where }) => (where === '' ? origin : where) },
    ]);
    await context.write(table);
    context.note('Options of "sedge start" come before all of these.');
  }
  return tell(context, mistakes);
}

async function checkSettings(context: CommandContext, path?: string): Promise<ExitCode> {
  const { file, mistakes } = await (path === undefined ? allMistakes(context) : fileMistakes(path));
  if (context.json) await context.record({ file, good: mistakes.length === 0, mistakes });
  else if (mistakes.length === 0) {
    await context.write(
      file === null ? `There is no ${CONFIG_FILE}; the environment is right.\n` : `${file} is right.\n`,
    );
  }
  return tell(context, mistakes);
}

/** Of the directory: also of settings that are right one by one and not together. */
async function allMistakes({ directory, io }: CommandContext) {
  const { file, mistakes } = await gatherSettings(directory, io.env);
  if (mistakes.length > 0) return { file, mistakes };
  const settings = await resolveSettings(directory, {}, io.env);
  const checks = [checkMqtt, checkHttp].map((check) =>
    check(directory, settings).then(
      () => [],
      (error: unknown) => [mistakeOf(error)],
    ),
  );
  return { file, mistakes: (await Promise.all(checks)).flat() };
}

function mistakeOf(error: unknown): ConfigMistake {
  if (!isSedgeError(error, 'agent.bad-config')) throw error;
  const { where, reason } = error.details;
  return { where: String(where), reason: String(reason) };
}

async function fileMistakes(path: string): Promise<{ file: string; mistakes: readonly ConfigMistake[] }> {
  const file = await readConfigFile(path);
  if (file === null)
    throw new SedgeError('agent.bad-config', { where: path, reason: 'there is no such file' });
  return { file: path, mistakes: mistakesOf(file) };
}

/** Mistakes on stderr, as compilers tell them. */
function tell(context: CommandContext, mistakes: readonly ConfigMistake[]): ExitCode {
  for (const { where, key, reason, line } of mistakes) {
    context.note(
      `${where}: ${line === undefined || key === undefined ? '' : `${key.slice(0, 40)}: `}${reason}`,
    );
  }
  return mistakes.length === 0 ? EXIT.done : EXIT.failure;
}

async function printExample(context: CommandContext): Promise<void> {
  await context.write(exampleText());
}
