import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { lockHolder } from '../directory-lock.ts';

/** How long an agent may take to write what it holds and leave. */
const STOP_MS_MAX = 30_000;
const LOOK_AGAIN_MS = 20;

/** `sedge stop`: asks the agent to stop and waits until it has. */
export const define: DefineCommand = (command, run) => {
  command.action(run(stop));
  addExamples(command, [
    ['sedge stop', 'stop the agent of ~/.sedge'],
    ['sedge stop --dir /var/lib/sedge', 'stop the agent of another directory'],
  ]);
};

async function stop(context: CommandContext): Promise<void> {
  const { directory } = context;
  await context.withAgent((agent) => agent.stop());
  const giveUpAtMs = performance.now() + STOP_MS_MAX;
  while (lockHolder(directory)?.isAlive === true) {
    if (performance.now() > giveUpAtMs) {
      throw new SedgeError('agent.running', {
        directory,
        reason: `it did not stop within ${STOP_MS_MAX / 1_000} s`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  if (context.json) await context.record({ event: 'stopped' });
  else await context.write('stopped\n');
}
