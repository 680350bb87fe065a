import { userInfo } from 'node:os';
import type { Alert, AlertReport, RemoteAlert, WebhookStatus } from '../alerts/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { EXIT, type ExitCode } from '../cli/exit-codes.ts';
import { formatAgo, plural } from '../cli/human-figures.ts';
import { formatTable } from '../cli/table.ts';
import { watchAlerts } from '../cli/watch-alerts.ts';

/** `sedge alerts`: what is wrong, at this node and others. */
export const define: DefineCommand = (command, run) => {
  command
    .option('--all', 'those of the other nodes too, as far as this one has heard')
    .option('--watch', 'go on, and print each change as it comes')
    .action(run(list));
  defineAck(command.command('ack').description('say that an alert was seen, so that others know'), run);
  const test = command
    .command('test')
    .description('send a test alert all the ways of a real one, and say how far it got')
    .action(run(sendTest));
  addExamples(test, [['sedge alerts test', 'after a change of alertWebhook']]);
  addExamples(command, [
    ['sedge alerts', 'what is wrong here'],
    ['sedge alerts --all --watch', 'at all nodes, as it comes'],
    ['sedge alerts --all --json', 'an object an alert'],
    ["sedge alerts ack disk --note 'a larger card is ordered'", 'seen'],
  ]);
};

const defineAck: DefineCommand = (command, run) => {
  command
    .argument('<id>', 'id of the alert, as "sedge alerts" shows it')
    .option('--note <text>', 'what is done about it')
    .option('--by <name>', 'who has seen it (default: your user name)')
    .action(run(acknowledge));
  addExamples(command, [["sedge alerts ack disk --note 'a larger card is ordered'", 'one of this node']]);
};

interface ListOptions {
  readonly all?: boolean;
  readonly watch?: boolean;
}

async function list(context: CommandContext, { all = false, watch = false }: ListOptions): Promise<void> {
  if (watch) return watchAlerts(context, { all, interruption: context.interruption() });
  const report = await context.withAgent((agent) => agent.alerts());
  const own = report.alerts.map((alert) => ({
    ...alert,
    node: report.node,
    name: report.name,
    saidAtMs: alert.sinceMs,
  }));
  const alerts = all ? [...own, ...report.others] : own;
  if (!context.json) return context.write(alertsText(report, alerts, context.io.nowMs()));
  for (const alert of alerts) await context.record(alert);
}

/** The text of `sedge alerts`. */
export function alertsText(report: AlertReport, alerts: readonly RemoteAlert[], nowMs: number): string {
  const nodes = new Set(alerts.map(({ node }) => node));
  const foreign = [...nodes].some((node) => node !== report.node);
  const table = formatTable(alerts, [
    { title: 'ID', cell: ({ id }) => id },
    ...(foreign ? [{ title: 'NODE', cell: ({ name, node }: RemoteAlert) => name || node }] : []),
    { title: 'STATE', cell: stateOf },
    { title: 'SINCE', cell: ({ sinceMs }) => formatAgo(sinceMs, nowMs) },
    { title: 'WHAT', cell: ({ sentence }) => sentence },
    { title: 'SEEN', cell: seenOf },
  ]);
  const firing = alerts.filter(({ state }) => state === 'firing');
  const todo = [...new Set(firing.map(({ rule, next }) => `  ${rule}: ${next}\n`))].join('');
  const lines = [
    alerts.length === 0 ? 'No alerts.\n' : table,
    todo === '' ? '' : `\nWhat to do:\n${todo}`,
    ...report.webhooks.map(webhookText),
    report.damagedFile === null
      ? ''
      : `\nThe file of alerts could not be read and is now ${report.damagedFile}\n`,
    report.rules.length === 0 ? '\nThere are no rules: alerts are off.\n' : '',
  ];
  return lines.join('');
}

function stateOf({ state, severity }: Alert): string {
  return state === 'firing' ? severity : state;
}

function seenOf({ state, acknowledged }: Alert): string {
  if (acknowledged === null) return state === 'firing' ? 'no' : '-';
  return acknowledged.note === '' ? acknowledged.by : `${acknowledged.by}: ${acknowledged.note}`;
}

function webhookText({ url, waiting, failed, dropped, lastError }: WebhookStatus): string {
  if (lastError === null) return '';
  const counts = `${plural(failed, 'attempt')} failed, ${dropped} given up, ${waiting} waiting`;
  return `\nThe webhook ${url} does not take alerts: ${lastError} (${counts}).\n`;
}

interface AckOptions {
  readonly note?: string;
  readonly by?: string;
}

async function acknowledge(context: CommandContext, id: string, options: AckOptions): Promise<void> {
  const { note, by = userInfo().username } = options;
  const word = { by, ...(note === undefined ? {} : { note }) };
  const alert = await context.withAgent((agent) => agent.acknowledgeAlert(id, word));
  if (context.json) return context.record(alert);
  return context.write(`${alert.id} is acknowledged by ${by}\n`);
}

async function sendTest(context: CommandContext): Promise<ExitCode> {
  const { alert, published, webhooks } = await context.withAgent((agent) => agent.testAlert());
  if (context.json) await context.record({ alert, published, webhooks });
  else {
    const ways = webhooks.map(({ url, ok, error }) => `webhook ${url}: ${ok ? 'taken' : error}\n`);
    await context.write(
      `$alerts: ${published ? 'published' : 'not published; see the log'}\n${ways.join('')}`,
    );
  }
  return published && webhooks.every(({ ok }) => ok) ? EXIT.done : EXIT.failure;
}
