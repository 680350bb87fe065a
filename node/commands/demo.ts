import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import type { ExitCode } from '../cli/exit-codes.ts';

/** `sedge demo`: four nodes of their own, real readings, a crash and a cut. It touches no other node. */
export const define: DefineCommand = (command, run) => {
  command.action(run(demo));
  addExamples(command, [
    ['sedge demo', 'watch it'],
    ['sedge demo --json', 'one object with the result'],
  ]);
};

async function demo(context: CommandContext): Promise<ExitCode> {
  const { runDemo } = await import('../demo/index.ts');
  return runDemo({ json: context.json, stdout: context.io.stdout, stderr: context.io.stderr });
}
