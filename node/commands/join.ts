import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';

/** Longest token that is read from stdin. */
const TOKEN_BYTES_MAX = 65_536;

/** `sedge join`: joins a realm with a token. The token is a secret and is shown nowhere. */
export const define: DefineCommand = (command, run) => {
  command
    .argument('<token>', 'token of "sedge invite"; - reads it from stdin, which keeps it out of the history')
    .option('--name <name>', 'name of this node (env: SEDGE_NAME, default: the name of this host)')
    .action(run(join));
  addExamples(command, [
    ['sedge join TOKEN', 'join with a token'],
    ['sedge join - --name barn', 'paste the token on stdin, and name this node'],
    ['ssh gateway sedge invite | sedge join -', 'join without copying anything'],
  ]);
};

async function join(context: CommandContext, token: string, options: { name?: string }): Promise<void> {
  const { directory, io } = context;
  const text = (token === '-' ? await readToken(context) : token).trim();
  const [{ joinRealmDirectory }, { defaultName, prepareDirectory }] = await Promise.all([
    import('../../src/index.ts'),
    import('../node-directory.ts'),
  ]);
  await prepareDirectory(directory);
  const nodeName = options.name ?? (io.env.SEDGE_NAME || defaultName());
  const { anchor, identity } = await joinRealmDirectory(directory, text, { nodeName, nowMs: io.nowMs() });
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
    `joined the realm ${anchor.name} in ${directory}; this node is ${nodeName} (${identity.nodeId})\n`,
  );
  context.note(`  Next: "${context.startCommand}".`);
}

async function readToken(context: CommandContext): Promise<string> {
  const { stdin } = context.io;
  if (stdin.isTTY === true) context.note('Paste the token and press Enter:');
  let text = '';
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.length > TOKEN_BYTES_MAX)
      throw new SedgeError('realm.token-malformed', { reason: 'it is too long' });
    if (text.trimStart().includes('\n')) break;
  }
  if (text.trim() === '') throw new SedgeError('cli.input', { reason: 'no token came on stdin' });
  return text;
}
