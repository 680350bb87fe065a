import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatAgo, formatCount } from '../cli/human-figures.ts';
import { formatTable } from '../cli/table.ts';
import type { MqttClientStatus } from '../gateways/mqtt/index.ts';

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
  addExamples(command, [['sedge mqtt ls', 'who is connected to this node over MQTT']]);
};

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
  const shown = subscriptions.slice(0, 3).map(({ filter }) => filter);
  const more = subscriptions.length - shown.length;
  return shown.length === 0 ? '-' : `${shown.join(' ')}${more > 0 ? ` and ${more} more` : ''}`;
}
