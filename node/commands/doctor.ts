import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { EXIT, type ExitCode } from '../cli/exit-codes.ts';
import { plural } from '../cli/human-figures.ts';
import { checkAgent } from '../doctor/check-agent.ts';
import { checkMachine } from '../doctor/check-machine.ts';
import { checkRealm } from '../doctor/check-realm.ts';
import { checkSerialPorts } from '../doctor/check-serial-ports.ts';
import { checkService } from '../doctor/check-service.ts';
import type { Finding } from '../doctor/finding.ts';

/** `sedge doctor`: what is wrong, and what to do about it; with and without a running agent. */
export const define: DefineCommand = (command, run) => {
  command.action(run(doctor));
  addExamples(command, [
    ['sedge doctor', 'a line a check; exit code 1 if one fails'],
    ['sedge doctor --json', 'an object a check'],
  ]);
};

async function doctor(context: CommandContext): Promise<ExitCode> {
  const nowMs = context.io.nowMs();
  const findings = [
    ...(await checkMachine(context.directory, nowMs)),
    ...(await checkRealm(context.directory, context.io.env)),
    ...(await checkService(context)),
    ...(await context.withAgent((agent) => checkAgent(context.directory, agent))),
    ...(await context.withAgent((agent) => checkSerialPorts(context, agent))),
  ];
  for (const finding of findings) {
    if (context.json) await context.record(finding);
    else await context.write(context.proposing(findingText(finding)));
  }
  const failed = findings.filter((finding) => finding.level === 'fail').length;
  const warned = findings.filter((finding) => finding.level === 'warn').length;
  if (!context.json) {
    const verdict =
      failed + warned === 0 ? 'all is well' : `${plural(failed, 'failure')}, ${plural(warned, 'warning')}`;
    await context.write(`\n${verdict}\n`);
  }
  return failed === 0 ? EXIT.done : EXIT.failure;
}

function findingText({ level, check, sentence, next }: Finding): string {
  const advice = next === undefined || level === 'ok' ? '' : `      ${next}\n`;
  return `${level.padEnd(4)}  ${check}: ${sentence}\n${advice}`;
}
