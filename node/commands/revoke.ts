import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';

/** `sedge revoke`: what the node publishes from now on counts nowhere. */
export const define: DefineCommand = (command, run) => {
  command.argument('<node>', 'name, id or a unique start of the id of the node').action(run(revoke));
  addExamples(command, [
    ['sedge revoke barn', 'by its name'],
    ['sedge revoke 12D3KooWEyop', 'by the start of its id, where names are not unique'],
  ]);
};

async function revoke(context: CommandContext, node: string): Promise<void> {
  const revoked = await context.withAgent((agent) => agent.revoke(node));
  if (context.json) return context.record({ revoked });
  await context.write(`revoked ${revoked.name} (${revoked.node})\n`);
}
