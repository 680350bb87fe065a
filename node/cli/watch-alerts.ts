import type { ReceivedMessage } from '../control/client/index.ts';
import type { CommandContext } from './command-context.ts';

/** What {@link watchAlerts} prints. */
export interface WatchAlertsOptions {
  /** Those of the other nodes too. */
  readonly all: boolean;
  readonly interruption: AbortSignal;
}

/** Prints the alerts that fire, and each change as it comes, until it is interrupted. */
export async function watchAlerts(
  context: CommandContext,
  { all, interruption }: WatchAlertsOptions,
): Promise<void> {
  await context.withAgent(async (agent) => {
    const { node } = await agent.alerts();
    const filter = all ? '$alerts/#' : `$alerts/${node}/#`;
    const subscription = agent.subscribe(filter, { from: 'last', order: 'arrival' });
    const end = () => void subscription.close();
    interruption.addEventListener('abort', end, { once: true });
    if (interruption.aborted) end();
    for await (const delivery of subscription) {
      if (delivery.kind === 'message' && delivery.payload.length > 0) await print(context, delivery);
    }
  });
}

async function print(context: CommandContext, message: ReceivedMessage): Promise<void> {
  const alert = parse(message);
  if (alert === null) return;
  if (context.json) return context.record(alert);
  const { state, severity, id, sentence, acknowledged } = alert;
  const what =
    state === 'ended' ? 'ended' : acknowledged === undefined ? severity : `seen by ${acknowledged.by}`;
  const clock = new Date(message.timeMs).toTimeString().slice(0, 8);
  await context.write(
    `${clock} ${message.name || message.author} ${id}: ${what}: ${sentence}\n`.replaceAll(
      /\p{Cc}(?!$)/gu,
      '\ufffd',
    ),
  );
}

interface WatchedAlert {
  readonly id: string;
  readonly state: string;
  readonly severity: string;
  readonly sentence: string;
  readonly acknowledged?: { readonly by: string };
}

/** Loaded without the alerts themselves; who signed it says for whom it speaks. */
function parse({ payload, author, name }: ReceivedMessage): WatchedAlert | null {
  try {
    const value = JSON.parse(Buffer.from(payload).toString('utf8')) as Record<string, unknown>;
    const texts = [value.id, value.state, value.severity, value.sentence];
    if (!texts.every((text) => typeof text === 'string')) return null;
    const { acknowledged, ...rest } = value;
    const seen = acknowledged === null || acknowledged === undefined ? {} : { acknowledged };
    return { ...rest, ...seen, node: author, name } as unknown as WatchedAlert;
  } catch {
    return null;
  }
}
