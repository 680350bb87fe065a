import { Option } from 'commander';
import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatAgo, formatCount } from '../cli/human-figures.ts';
import { repeatable } from '../cli/option-parsers.ts';
import { readPassword } from '../cli/read-password.ts';
import { formatTable } from '../cli/table.ts';
import type { MqttClientStatus, MqttUsers } from '../gateways/mqtt/index.ts';

/** `sedge mqtt`: the MQTT clients of this node. */
export const define: DefineCommand = (command, run) => {
  const list = command
    .command('ls')
    .description('the clients that are connected, and the sessions of those that are away')
    .action(run(ls));
  addExamples(list, [
    ['sedge mqtt ls', 'a table'],
    ['sedge mqtt ls --json', 'an object a client'],
  ]);
  defineUser(command.command('user').description('who may use MQTT on this node, and for what'), run);
  addExamples(command, [
    ['sedge mqtt ls', 'who is connected to this node over MQTT'],
    ['sedge mqtt user add home', 'a user for everything; asks for the password'],
  ]);
};

const defineUser: DefineCommand = (command, run) => {
  const patterns = (name: 'publish' | 'subscribe', what: string) =>
    new Option(`--${name} <filter>`, `${what}; may be repeated (default: #)`).argParser(repeatable);
  const add = command
    .command('add')
    .description('add a user; the password is the first line of stdin')
    .argument('<name>', 'name of the user')
    .addOption(patterns('publish', 'topics to publish on; %u is the user, %c the client id'))
    .addOption(patterns('subscribe', 'topics to subscribe to, likewise'))
    .action(run(addUser));
  const passwd = command
    .command('passwd')
    .description('give a user another password: the first line of stdin')
    .argument('<name>', 'name of the user')
    .action(run(changePassword));
  const remove = command
    .command('rm')
    .description('remove a user; its clients are cut off')
    .argument('<name>', 'name of the user')
    .action(run(removeUser));
  const list = command.command('ls').description('the users and what they may').action(run(listUsers));
  addExamples(add, [
    ['sedge mqtt user add home', 'a user for everything; asks for the password'],
    [
      "sedge mqtt user add meter --publish 'meters/%u/#' --subscribe 'config/%u' < password",
      'one for little',
    ],
  ]);
  addExamples(passwd, [['sedge mqtt user passwd home', 'asks for the new password']]);
  addExamples(remove, [['sedge mqtt user rm meter', 'its clients are cut off within a second']]);
  addExamples(list, [['sedge mqtt user ls --json', 'an object a user']]);
  addExamples(command, [
    ['sedge mqtt user add home', 'a user for everything; asks for the password'],
    ['sedge mqtt user ls', 'who may do what'],
  ]);
};

interface AddOptions {
  readonly publish?: readonly string[];
  readonly subscribe?: readonly string[];
}

async function addUser(context: CommandContext, name: string, options: AddOptions): Promise<void> {
  const { publish = ['#'], subscribe = ['#'] } = options;
  const { checkUserName, hashPassword, isPattern, writeUsers } = await gateway();
  const wrong = [...publish, ...subscribe].find((pattern) => !isPattern(pattern));
  if (wrong !== undefined) throw new SedgeError('cli.usage', { reason: `${wrong} is no filter of topics` });
  if (!checkUserName(name))
    throw new SedgeError('cli.usage', {
      reason: 'a user has a name of 1 to 256 bytes without control characters',
    });
  const users = await knownUsers(context);
  if (users.has(name)) throw new SedgeError('mqtt.user-exists', { user: name });
  const password = await hashPassword(Buffer.from(await readPassword(context)));
  await writeUsers(context.directory, new Map([...users, [name, { password, publish, subscribe }]]));
  if (context.json) return context.record({ user: name, publish, subscribe });
  return context.write(`added the user ${name}\n`);
}

async function changePassword(context: CommandContext, name: string): Promise<void> {
  const { hashPassword, writeUsers } = await gateway();
  const users = await knownUsers(context);
  const user = users.get(name);
  if (user === undefined) throw new SedgeError('mqtt.unknown-user', { user: name });
  const password = await hashPassword(Buffer.from(await readPassword(context)));
  await writeUsers(context.directory, new Map([...users, [name, { ...user, password }]]));
  if (context.json) return context.record({ user: name });
  return context.write(`the user ${name} has another password\n`);
}

async function removeUser(context: CommandContext, name: string): Promise<void> {
  const { writeUsers } = await gateway();
  const users = new Map(await knownUsers(context));
  if (!users.delete(name)) throw new SedgeError('mqtt.unknown-user', { user: name });
  await writeUsers(context.directory, users);
  if (context.json) return context.record({ user: name });
  return context.write(`removed the user ${name}\n`);
}

async function listUsers(context: CommandContext): Promise<void> {
  const users = [...(await knownUsers(context))].map(([user, { publish, subscribe }]) => ({
    user,
    publish,
    subscribe,
  }));
  if (context.json) {
    for (const user of users) await context.record(user);
    return;
  }
  const table = formatTable(users, [
    { title: 'USER', cell: ({ user }) => user },
    { title: 'PUBLISHES', cell: ({ publish }) => publish.join(' ') },
    { title: 'SUBSCRIBES', cell: ({ subscribe }) => subscribe.join(' ') },
  ]);
  await context.write(users.length === 0 ? 'There are no users of MQTT.\n' : table);
}

async function knownUsers({ directory }: CommandContext): Promise<MqttUsers> {
  const { readUsers } = await gateway();
  return readUsers(directory);
}

/** Loaded only by what needs it: it brings the whole library. */
function gateway() {
  return import('../gateways/mqtt/index.ts');
}

async function ls(context: CommandContext): Promise<void> {
  const { clients, listening } = await context.withAgent((agent) => agent.mqtt());
  if (context.json) {
    for (const client of clients) await context.record(client);
    return;
  }
  if (listening.length === 0) {
    await context.write('MQTT is off: "sedge start --mqtt 1883" turns it on.\n');
    return;
  }
  const nowMs = context.io.nowMs();
  const table = formatTable(clients, [
    { title: 'CLIENT', cell: ({ clientId }) => clientId },
    { title: 'USER', cell: ({ user }) => user ?? '-' },
    { title: 'STATE', cell: (client) => stateOf(client, nowMs) },
    { title: 'ADDRESS', cell: ({ address }) => address ?? '-' },
    { title: 'VERSION', cell: ({ version }) => version ?? '-' },
    { title: 'SUBSCRIPTIONS', cell: ({ subscriptions }) => filtersOf(subscriptions) },
    { title: 'ON ITS WAY', cell: ({ inflight }) => formatCount(inflight), align: 'right' },
  ]);
  await context.write(`listening on ${listening.join(', ')}\n${table}`);
}

function stateOf({ connected, disconnectedAtMs }: MqttClientStatus, nowMs: number): string {
  if (connected) return 'connected';
  return disconnectedAtMs === null ? 'away' : `away, last seen ${formatAgo(disconnectedAtMs, nowMs)}`;
}

/** A few of them; `--json` has all. */
function filtersOf(subscriptions: MqttClientStatus['subscriptions']): string {
  // A client may put what moves a terminal's cursor into a filter.
  const shown = subscriptions.slice(0, 3).map(({ filter }) => filter.replaceAll(/\p{Cc}/gu, '\ufffd'));
  const more = subscriptions.length - shown.length;
  return shown.length === 0 ? '-' : `${shown.join(' ')}${more > 0 ? ` and ${more} more` : ''}`;
}
