import { InvalidArgumentError, Option } from 'commander';
import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { parseDurationMs } from '../cli/duration.ts';
import { formatSpan } from '../cli/human-figures.ts';
import { repeatable } from '../cli/option-parsers.ts';
import { formatTable } from '../cli/table.ts';
import type { KeptToken } from '../gateways/http/tokens/token-file.ts';

interface AddOptions {
  readonly scope?: readonly string[];
  /** Milliseconds. */
  readonly expires: number | 'never';
}

const DAY_MS = 86_400_000;
const NAME = /^\P{Cc}{1,64}$/u;

/** `sedge token`: who may use the HTTP API of this node, and for what. */
export const define: DefineCommand = (command, run) => {
  const add = command
    .command('add')
    .description('make a token and print it, this one time: only its hash is kept')
    .argument('<name>', 'what it is for')
    .addOption(
      new Option(
        '--scope <scope>',
        'read, publish, publish:FILTER or admin, which is everything; may be repeated (default: read)',
      ).argParser(repeatable),
    )
    .addOption(
      new Option('--expires <duration>', 'how long it is good, or never')
        .argParser(expiry)
        .default(365 * DAY_MS, '365d'),
    )
    .action(run(addToken));
  const list = command.command('ls').description('the tokens, without their secrets').action(run(listTokens));
  const revoke = command
    .command('revoke')
    .description('take a token away; its streams end within a second')
    .argument('<token>', 'its name or id')
    .action(run(revokeToken));
  addExamples(add, [
    ['sedge token add grafana', 'one that reads'],
    ["sedge token add barn --scope read --scope 'publish:barn/#'", 'reads, and publishes under barn/'],
    ['sedge token add laptop --scope admin --expires 8h', 'everything, for a working day'],
  ]);
  addExamples(list, [['sedge token ls --json', 'an object a token']]);
  addExamples(revoke, [['sedge token revoke barn', 'by its name']]);
  addExamples(command, [
    ['sedge token add grafana', 'one that reads'],
    ['sedge token ls', 'which there are'],
    ['sedge token revoke grafana', 'take it away'],
  ]);
};

async function addToken(context: CommandContext, name: string, options: AddOptions): Promise<void> {
  const { parseScope } = await import('../gateways/http/tokens/token-scope.ts');
  const { makeToken } = await import('../gateways/http/tokens/token-text.ts');
  const { readTokens, TOKENS_MAX, writeTokens } = await tokenFile();
  if (!NAME.test(name) || name !== name.trim())
    throw usage('a token has a name of 1 to 64 characters, none of them a control character');
  const scopes = (options.scope ?? ['read']).map((text) => {
    const scope = parseScope(text);
    if (scope === null) throw usage(`${text} is none of read, publish, publish:FILTER and admin`);
    return scope;
  });
  const tokens = await readTokens(context.directory);
  if (find(tokens.values(), name) !== undefined)
    throw usage(`there is a token named ${name} already; "sedge token revoke ${name}" takes it away`);
  if (tokens.size >= TOKENS_MAX) throw new SedgeError('http.too-many-tokens', { tokens: TOKENS_MAX });
  const { id, hash, text } = makeToken();
  const createdAtMs = context.io.nowMs();
  const expiresAtMs = options.expires === 'never' ? null : createdAtMs + options.expires;
  const kept: KeptToken = { id, name, hash, scopes, createdAtMs, expiresAtMs };
  await writeTokens(context.directory, new Map([...tokens, [id, kept]]));
  if (context.json) return context.record({ id, name, scopes, expiresAtMs, token: text });
  await context.write(`${text}\n`);
  const until = expiresAtMs === null ? 'for ever' : `for ${formatSpan(expiresAtMs - createdAtMs)}`;
  context.note(
    `Good ${until}, for ${scopes.join(', ')}. It is not shown again. Use: -H "authorization: Bearer TOKEN"`,
  );
}

async function listTokens(context: CommandContext): Promise<void> {
  const { readTokens } = await tokenFile();
  const tokens = [...(await readTokens(context.directory)).values()];
  if (context.json) {
    for (const { hash: _, ...token } of tokens) await context.record(token);
    return;
  }
  const nowMs = context.io.nowMs();
  const table = formatTable(tokens, [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'ID', cell: ({ id }) => id },
    { title: 'SCOPES', cell: ({ scopes }) => scopes.join(' ') },
    { title: 'EXPIRES', cell: ({ expiresAtMs }) => expiryText(expiresAtMs, nowMs) },
  ]);
  await context.write(tokens.length === 0 ? 'There are no tokens.\n' : table);
}

async function revokeToken(context: CommandContext, which: string): Promise<void> {
  const { readTokens, writeTokens } = await tokenFile();
  const tokens = new Map(await readTokens(context.directory));
  const token = find(tokens.values(), which);
  if (token === undefined) throw new SedgeError('http.unknown-token', { token: which.slice(0, 64) });
  tokens.delete(token.id);
  await writeTokens(context.directory, tokens);
  if (context.json) return context.record({ id: token.id, name: token.name });
  return context.write(`took the token ${token.name} away\n`);
}

/** By name or id. */
function find(tokens: Iterable<KeptToken>, which: string): KeptToken | undefined {
  return [...tokens].find(({ id, name }) => name === which || id === which);
}

function expiry(text: string): number | 'never' {
  // Commander takes null for no value.
  if (text === 'never') return text;
  const ms = parseDurationMs(text, 's');
  if (ms === null || ms < 1_000 || ms > 3_660 * DAY_MS)
    throw new InvalidArgumentError('It must be a duration such as 30d or 8h, or never.');
  return ms;
}

function expiryText(expiresAtMs: number | null, nowMs: number): string {
  if (expiresAtMs === null) return 'never';
  return expiresAtMs <= nowMs ? 'expired' : `in ${formatSpan(expiresAtMs - nowMs)}`;
}

function usage(reason: string): SedgeError {
  return new SedgeError('cli.usage', { reason });
}

/** Loaded by what needs it alone. */
function tokenFile() {
  return import('../gateways/http/tokens/token-file.ts');
}
