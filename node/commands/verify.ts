import type { LogVerification } from '../../src/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { EXIT, type ExitCode } from '../cli/exit-codes.ts';
import { formatCount, plural } from '../cli/human-figures.ts';
import { ProgressLine } from '../cli/progress-line.ts';

/** `sedge verify`: checks the journal on the disk; no agent is needed, and a running one is not disturbed. */
export const define: DefineCommand = (command, run) => {
  command.action(run(verify));
  addExamples(command, [
    ['sedge verify', 'a line a log; exit code 1 if anything is wrong'],
    ['sedge verify --dir /mnt/card/sedge --json', 'a copied card, as objects'],
  ]);
};

async function verify(context: CommandContext): Promise<ExitCode> {
  const { verifyDirectory } = await import('../../src/index.ts');
  const progress = new ProgressLine(context.io.stderr, 'messages checked');
  let logs = 0;
  let messages = 0;
  let bad = 0;
  for await (const log of verifyDirectory(context.directory)) {
    logs++;
    messages += log.messages;
    if (!log.ok) bad++;
    progress.clear();
    if (context.json) await context.record(log);
    else await context.write(logText(log) + damageText(log));
    progress.update(messages);
  }
  progress.clear();
  if (!context.json) {
    const found = bad === 0 ? 'all good' : `${plural(bad, 'log')} with faults`;
    await context.write(`${plural(logs, 'log')}, ${plural(messages, 'message')}: ${found}\n`);
    if (bad > 0) context.note('  Nothing was changed. Peers hand on what is damaged here: start the agent.');
  }
  return bad === 0 ? EXIT.done : EXIT.failure;
}

function logText(log: LogVerification): string {
  const { ok, channel, name, author, epoch, first, last, messages } = log;
  const numbers = `${formatCount(first)} to ${formatCount(last)}, ${plural(messages, 'message')}`;
  return `${ok ? 'ok  ' : 'BAD '} ${channel}  ${name || author}  epoch ${epoch}  ${numbers}${faultsOf(log)}\n`;
}

/** Where the damage lies, a line a place. */
function damageText({ damage, damaged }: LogVerification): string {
  const places = damage.map(({ file, from, to }) => {
    const bytes = to === 0 ? '' : `, bytes ${from} to ${to - 1}`;
    return `       ${file}${bytes}\n`;
  });
  const more = damaged > damage.length ? `       and ${damaged - damage.length} more\n` : '';
  return places.join('') + more;
}

function faultsOf({ badSignatures, brokenChain, damaged }: LogVerification): string {
  const faults = [
    badSignatures > 0 ? plural(badSignatures, 'bad signature') : '',
    brokenChain > 0 ? `${plural(brokenChain, 'break')} of the chain` : '',
    damaged > 0 ? plural(damaged, 'damaged record') : '',
  ].filter((fault) => fault !== '');
  return faults.length === 0 ? '' : `: ${faults.join(', ')}`;
}
