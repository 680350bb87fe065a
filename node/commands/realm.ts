import { SedgeError } from '../../src/errors/index.ts';
import type { RealmStatus } from '../../src/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatAgo } from '../cli/human-figures.ts';
import { formatFacts, formatTable } from '../cli/table.ts';
import { formatKeep, KEEP_RULE, parseKeep } from '../config/keep-text.ts';

/** `sedge realm`: shows the realm; `backup` copies its root key, `channel` and `retention` change it. */
export const define: DefineCommand = (command, run) => {
  command.action(run(show));
  const backup = command
    .command('backup')
    .description('copy the root key to a file, for a safe place; works without an agent')
    .argument('<file>', 'file to make; it must not exist')
    .action(run(backUp));
  const channel = command.command('channel').description('add or remove a channel');
  const add = channel
    .command('add')
    .description('give topics a channel of their own')
    .argument('<name>', 'name of the channel')
    .argument('<filter>', 'topics that it takes, as a prefix: alarm/#')
    .action(run(addChannel));
  const remove = channel
    .command('remove')
    .description('stop using a channel; what it holds stays')
    .argument('<name>', 'name of the channel')
    .action(run(removeChannel));
  const retention = command
    .command('retention')
    .description('show or say what all nodes keep of a channel')
    .argument('[channel]', 'name of the channel')
    .argument('[keep]', KEEP_RULE)
    .option('--clear', 'say nothing about the channel any more')
    .action(run(keep));
  addExamples(retention, [
    ['sedge realm retention', 'what is said of each channel'],
    ['sedge realm retention main 7d,2GB', 'a week of main, and at most 2 GB of it on each node'],
    ['sedge realm retention alarm 90d,priority=alarm', 'alarms longer, and first over slow links'],
    ['sedge realm retention main all,ttl=1h', 'no limit; messages are worth nothing after an hour'],
    ['sedge realm retention main --clear', 'each node decides for itself'],
  ]);
  addExamples(command, [
    ['sedge realm', 'nodes, channels and invitations'],
    ['sedge realm backup /media/usb/farm-root.key', 'copy the root key'],
    ["sedge realm channel add alarm 'alarm/#'", 'a channel with its own journal'],
    ['sedge realm retention main 7d,2GB', 'what all nodes keep of it'],
  ]);
  addExamples(backup, [['sedge realm backup /media/usb/farm-root.key', 'then put the stick into a drawer']]);
  addExamples(add, [["sedge realm channel add alarm 'alarm/#'", 'alarms get a journal of their own']]);
  addExamples(remove, [['sedge realm channel remove alarm', 'alarms go to main again']]);
};

async function keep(
  context: CommandContext,
  name: string | undefined,
  text: string | undefined,
  { clear = false }: { readonly clear?: boolean },
): Promise<void> {
  if (clear && name === undefined) throw usage('--clear needs the name of a channel');
  if (clear && text !== undefined) throw usage('give what to keep, or --clear, not both');
  const said = text === undefined ? null : keepOf(text);
  const policy = await context.withAgent(async (agent) => {
    const { policy: known, channels } = await agent.realm();
    if (name === undefined) return known;
    if (said === null && !clear) return known[name] === undefined ? {} : { [name]: known[name] };
    const edited = edit(known, name, said);
    await agent.declarePolicy(edited);
    const isDeclared = name === 'main' || channels.some((channel) => channel.name === name);
    if (!isDeclared) context.note(`there is no channel ${name} yet; this counts once there is`);
    return edited;
  });
  if (context.json) return context.record({ policy });
  if (name !== undefined && said === null && !clear && policy[name] === undefined) {
    return context.write(`The realm says nothing about ${name}.\n`);
  }
  await context.write(policyText(policy));
}

type Policy = RealmStatus['policy'];

function edit(known: Policy, name: string, said: Policy[string] | null): Policy {
  const edited = { ...known };
  delete edited[name];
  return said === null ? edited : { ...edited, [name]: said };
}

function keepOf(text: string): Policy[string] {
  const policy = parseKeep(text);
  if (policy === null)
    throw usage(`what to keep, ${JSON.stringify(text.slice(0, 100))}, must be ${KEEP_RULE}`);
  return policy;
}

function usage(reason: string): SedgeError {
  return new SedgeError('cli.usage', { reason });
}

function policyText(policy: Policy): string {
  const rows = Object.entries(policy).sort(([a], [b]) => a.localeCompare(b));
  if (rows.length === 0) return 'The realm says nothing; each node keeps what fits its storage limit.\n';
  return formatTable(rows, [
    { title: 'CHANNEL', cell: ([name]) => name },
    { title: 'KEPT', cell: ([, one]) => formatKeep(one) },
  ]);
}

async function show(context: CommandContext): Promise<void> {
  const realm = await context.withAgent((agent) => agent.realm());
  if (context.json) return context.record(realm);
  await context.write(realmText(realm, context.io.nowMs()));
}

async function backUp(context: CommandContext, file: string): Promise<void> {
  const { backupRoot } = await import('../../src/index.ts');
  await backupRoot(context.directory, file);
  if (context.json) return context.record({ backup: file });
  await context.write(`copied the root key to ${file}\n`);
  context.note('  Whoever has this file is the realm: keep it offline, and test that you can read it.');
}

async function addChannel(context: CommandContext, name: string, filter: string): Promise<void> {
  await change(context, (channels) => [
    ...channels.filter((channel) => channel.name !== name),
    { name, filter },
  ]);
}

async function removeChannel(context: CommandContext, name: string): Promise<void> {
  await change(context, (channels) => {
    if (channels.some((channel) => channel.name === name))
      return channels.filter((channel) => channel.name !== name);
    throw new SedgeError('realm.bad-record', { reason: `there is no channel ${name}` });
  });
}

type Channels = readonly { readonly name: string; readonly filter: string }[];

async function change(context: CommandContext, edit: (channels: Channels) => Channels): Promise<void> {
  const channels = await context.withAgent(async (agent) => {
    const edited = edit((await agent.realm()).channels);
    await agent.declareChannels(edited);
    return edited;
  });
  if (context.json) return context.record({ channels });
  await context.write(channelsText(channels));
}

function channelsText(channels: Channels): string {
  return formatTable(channels, [
    { title: 'CHANNEL', cell: (channel) => channel.name },
    { title: 'TOPICS', cell: (channel) => channel.filter },
  ]);
}

function realmText(realm: RealmStatus, nowMs: number): string {
  const facts = formatFacts([
    ['realm', `${realm.name} (${realm.id})`],
    ['this node', `${realm.node}, ${realm.admin ? 'may invite and revoke' : 'member'}`],
  ]);
  const nodes = formatTable(realm.nodes, [
    { title: 'NODE', cell: (node) => node.name },
    { title: 'ROLE', cell: (node) => node.role },
    { title: 'STATUS', cell: (node) => node.status },
    { title: 'SINCE', cell: (node) => formatAgo(node.grantedAtMs, nowMs) },
    { title: 'ID', cell: (node) => node.node },
  ]);
  const channels = realm.channels.length === 0 ? '' : `\n${channelsText(realm.channels)}`;
  return `${facts}\n${nodes}${channels}${invitesText(realm)}`;
}

function invitesText({ invites }: RealmStatus): string {
  if (invites.length === 0) return '';
  const table = formatTable(invites, [
    { title: 'INVITATION', cell: (invite) => invite.invite },
    {
      title: 'USED',
      cell: ({ used, uses }) => (uses === 0 ? `${used}` : `${used} of ${uses}`),
      align: 'right',
    },
    { title: '', cell: (invite) => (invite.overused ? 'used too often: look at the nodes above' : '') },
  ]);
  return `\n${table}`;
}
