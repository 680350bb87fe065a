import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatBytes, formatCount, formatSpan, plural } from '../cli/human-figures.ts';
import { formatFacts } from '../cli/table.ts';
import type { AgentStatus } from '../control/client/index.ts';

/** `sedge status`: the node at a glance. */
export const define: DefineCommand = (command, run) => {
  command.action(run(status));
  addExamples(command, [
    ['sedge status', 'for people'],
    ['sedge status --json', 'one object, with all counters'],
  ]);
};

async function status(context: CommandContext): Promise<void> {
  const facts = await context.withAgent((agent) => agent.status());
  if (context.json) return context.record(facts);
  await context.write(statusText(facts, context.io.nowMs()));
}

function statusText(status: AgentStatus, nowMs: number): string {
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
      `${plural(messages, 'message')} in ${plural(channels.length, 'channel')}, ${formatBytes(bytes)}`,
    ],
    ['gaps', gaps === 0 ? 'none' : `${formatCount(gaps)}; see "sedge gaps"`],
    ['traffic', trafficOf(status)],
    ['parked', status.parked === 0 ? 'none' : `${formatCount(status.parked)} of unknown authors`],
    [
      'agent',
      `up ${formatSpan(nowMs - status.startedAtMs)}, pid ${agent.pid}, ${formatBytes(agent.residentBytes)}`,
    ],
    ['version', `sedge ${agent.version} on Node ${agent.nodeVersion}`],
  ]);
  return `${facts}${problemsText(status)}`;
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
