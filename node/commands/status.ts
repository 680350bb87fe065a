import type { ChannelLoss, PeerChannelStatus, PeerStatus } from '../../src/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatAgo, formatBytes, formatCount, formatSpan, plural } from '../cli/human-figures.ts';
import { formatFacts, formatTable } from '../cli/table.ts';
import type { AgentStatus } from '../control/client/index.ts';
import type { BridgeStatus } from '../gateways/mqtt-bridge/index.ts';

/** Rows of channels and peers up to which all are shown. */
const ROWS_MAX = 40;

/** `sedge status`: the node at a glance. */
export const define: DefineCommand = (command, run) => {
  command.action(run(status));
  addExamples(command, [
    ['sedge status', 'for people'],
    ['sedge status --json', 'one object, with all counters'],
  ]);
};

async function status(context: CommandContext): Promise<void> {
  const [facts, peers, bridges] = await context.withAgent((agent) =>
    Promise.all([agent.status(), agent.peers(), agent.bridges()]),
  );
  if (context.json) return context.record({ ...facts, peers, bridges });
  await context.write(`${statusText(facts, peers, context.io.nowMs())}${bridgesText(bridges)}`);
}

/** A line for each bridge to an outside broker, and its alarms. */
export function bridgesText(bridges: readonly BridgeStatus[]): string {
  if (bridges.length === 0) return '';
  const table = formatTable(bridges, [
    { title: 'BRIDGE', cell: ({ name }) => name },
    { title: 'BROKER', cell: ({ url }) => url },
    { title: 'STATE', cell: ({ role, link }) => (role === 'no-link' ? (link.reason ?? 'connecting') : role) },
    { title: 'OUT', cell: ({ counters }) => formatCount(counters.out), align: 'right' },
    { title: 'IN', cell: ({ counters }) => formatCount(counters.in), align: 'right' },
    { title: 'WAITING', cell: ({ waiting }) => formatCount(waiting), align: 'right' },
  ]);
  const alarms = bridges.flatMap(({ name, alarms: all }) => all.map((text) => `  ALARM ${name}: ${text}\n`));
  return `\n${table}${alarms.join('')}`;
}

/** The text of `sedge status`. */
export function statusText(status: AgentStatus, peers: readonly PeerStatus[], nowMs: number): string {
  const { agent, channels } = status;
  const messages = channels.reduce((sum, channel) => sum + channel.messages, 0);
  const bytes = channels.reduce((sum, channel) => sum + channel.bytes, 0);
  const gaps = channels.reduce((sum, channel) => sum + channel.gaps, 0);
  const facts = formatFacts([
    ['node', `${status.name} (${status.node})`],
    ['realm', `${status.realmName} (${status.realm})`],
    ...status.addresses.map((address, index) => [index === 0 ? 'addresses' : '', address] as const),
    ['peers', `${formatCount(status.peersConnected)} connected, ${formatCount(status.peersKnown)} known`],
    [
      'holds',
      `${plural(messages, 'message')} in ${plural(channels.length, 'channel')}, ${formatBytes(bytes)}${limitOf(status)}`,
    ],
    ['gaps', gaps === 0 ? 'none' : `${formatCount(gaps)}; see "sedge gaps"`],
    ['traffic', trafficOf(status)],
    ['mqtt', mqttOf(status)],
    ['http', httpOf(status)],
    ['alerts', alertsOf(status)],
    ['parked', status.parked === 0 ? 'none' : `${formatCount(status.parked)} of unknown authors`],
    [
      'agent',
      `up ${formatSpan(nowMs - status.startedAtMs)}, pid ${agent.pid}, ${formatBytes(agent.residentBytes)}`,
    ],
    ['version', `sedge ${agent.version} on Node ${agent.nodeVersion}`],
  ]);
  return `${facts}${stepText(peers, nowMs)}${lossesText(status)}${problemsText(status)}`;
}

function alertsOf({ agent: { alerts } }: AgentStatus): string {
  if (alerts == null) return 'off';
  if (alerts.firing === 0) return 'none';
  const { firing, unacknowledged } = alerts;
  return `${formatCount(firing)} firing, ${formatCount(unacknowledged)} of them not acknowledged; see "sedge alerts"`;
}

function mqttOf({ agent: { mqtt } }: AgentStatus): string {
  if (mqtt == null) return 'off';
  const { listening, connections, sessions } = mqtt;
  if (listening.length === 0) return 'another program has the port; see "sedge doctor"';
  return `${listening.join(', ')}; ${plural(connections, 'client')} connected, ${plural(sessions, 'session')}`;
}

function httpOf({ agent: { http } }: AgentStatus): string {
  if (http == null) return 'off';
  return http.length === 0 ? 'another program has the port; see "sedge doctor"' : http.join(', ');
}

/** A line for each channel and peer: who lacks how much. */
function stepText(peers: readonly PeerStatus[], nowMs: number): string {
  const all = peers.flatMap((peer) => peer.channels.map((channel) => ({ peer, channel })));
  // Of very many those are of interest that are not in step.
  const rows = all.length <= ROWS_MAX ? all : all.filter(({ channel }) => channel.state !== 'in-sync');
  if (rows.length === 0) return '';
  const table = formatTable(rows, [
    { title: 'CHANNEL', cell: ({ channel }) => channel.channel },
    { title: 'PEER', cell: ({ peer }) => peer.name || '-' },
    { title: 'STATE', cell: stateText },
    {
      title: 'MISSING HERE',
      cell: ({ channel }) => missingText(channel, channel.missingHere),
      align: 'right',
    },
    { title: 'THERE', cell: ({ channel }) => missingText(channel, channel.missingThere), align: 'right' },
    { title: 'IN VAIN', cell: ({ channel }) => formatCount(channel.givenUp), align: 'right' },
    { title: 'IN SYNC', cell: ({ channel }) => formatAgo(channel.inSyncAtMs, nowMs) },
  ]);
  return `\n${table}`;
}

function stateText({ peer, channel }: { peer: PeerStatus; channel: PeerChannelStatus }): string {
  const state = channel.state === 'apart' ? 'not in sync' : channel.state.replace('-', ' ');
  return peer.health === 'ok' ? state : `${state}, ${peer.health}`;
}

function missingText({ state }: PeerChannelStatus, count: number | null): string {
  return state === 'unknown' || count === null ? '?' : formatCount(count);
}

const LOSSES: Readonly<Record<ChannelLoss['why'], string>> = Object.freeze({
  'let-go': 'let go by retention here',
  forked: 'behind the end of a forked epoch; their author publishes them again',
  'held-elsewhere': 'missing, and held by a peer: to come when it is met',
  nowhere: 'missing, and held by no peer that was heard of',
});

function lossesText({ channels }: AgentStatus): string {
  const lines = channels.flatMap(({ channel, losses }) =>
    losses.map(({ why, messages }) => `  ${channel}: ${plural(messages, 'message')} ${LOSSES[why]}\n`),
  );
  return lines.length === 0 ? '' : `\nNot here:\n${lines.join('')}`;
}

function limitOf({ storageBytesMax }: AgentStatus): string {
  return storageBytesMax === null ? '' : ` of ${formatBytes(storageBytesMax)}`;
}

function trafficOf(status: AgentStatus): string {
  const { published, received, delivered } = status;
  return `${formatCount(published)} published, ${formatCount(received)} received, ${formatCount(delivered)} delivered`;
}

function problemsText({ problems }: AgentStatus): string {
  if (problems.length === 0) return '\nNo problems.\n';
  const lines = problems.map(({ code, severity, sentence, next }) => {
    const mark = severity === 'alarm' ? 'ALARM ' : '';
    return `  ${mark}${code}: ${sentence}\n    ${next}\n`;
  });
  return `\n${plural(problems.length, 'problem')}:\n${lines.join('')}`;
}
