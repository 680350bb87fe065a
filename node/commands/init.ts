import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';

/** `sedge init`: makes a realm and its first node, without starting the agent. */
export const define: DefineCommand = (command, run) => {
  command
    .argument('[realm]', 'name of the realm (default: the name of this host)')
    .option('--name <name>', 'name of this node (env: SEDGE_NAME, default: the name of this host)')
    .action(run(init));
  addExamples(command, [
    ['sedge init', 'a realm named for this machine'],
    ['sedge init farm --name gateway', 'a realm "farm" with this machine as "gateway"'],
    ['sedge init farm --dir /var/lib/sedge', 'in another directory'],
  ]);
};

async function init(
  context: CommandContext,
  realm: string | undefined,
  options: { name?: string },
): Promise<void> {
  const { directory, io } = context;
  const [{ initRealmDirectory }, { defaultName, prepareDirectory }] = await Promise.all([
    import('../../src/index.ts'),
    import('../node-directory.ts'),
  ]);
  await prepareDirectory(directory);
  const nodeName = options.name ?? (io.env.SEDGE_NAME || defaultName());
  const realmName = realm ?? defaultName();
  const { anchor, identity } = await initRealmDirectory(directory, { realmName, nodeName });
  if (context.json) {
    await context.record({
      realm: anchor.id,
      realmName: anchor.name,
      node: identity.nodeId,
      name: nodeName,
      directory,
    });
    return;
  }
  await context.write(
    `made the realm ${anchor.name} in ${directory}; this node is ${nodeName} (${identity.nodeId})\n`,
  );
  context.note(`  Next: "${context.startCommand}", then "sedge invite" for each further machine.`);
  context.note('  Keep the root key safe: "sedge realm backup FILE".');
}
