import { randomUUID } from 'node:crypto';
import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { EXIT, type ExitCode } from '../cli/exit-codes.ts';
import type { AgentClient, AgentDelivery, AgentSubscription } from '../control/client/index.ts';

/** Options of `sedge device send`; times in seconds. */
export interface SendCommandOptions {
  readonly ttl?: number;
  readonly wait: number;
}

/** What the bridge says came of a command. */
interface CommandResult {
  readonly status: string;
  readonly value?: unknown;
  readonly request?: unknown;
}

/**
 * Sends a command to a device, wherever in the mesh it is plugged in, and waits for its result. Exit code 0 if it is
 * done, 1 if it is not, 4 if nothing came in time.
 */
export async function sendCommand(
  context: CommandContext,
  what: { readonly device: string; readonly command: string; readonly args: string },
  options: SendCommandOptions,
): Promise<ExitCode> {
  return context.withAgent(async (agent) => {
    const requestId = randomUUID();
    if (options.wait === 0) {
      await publishCommand(agent, { ...what, requestId }, options);
      if (context.json) await context.record({ device: what.device, command: what.command, requestId });
      return EXIT.done;
    }
    const results = agent.subscribe(`devices/${what.device}/result/${what.command}`);
    const timer = setTimeout(() => void results.close(), options.wait * 1_000);
    try {
      await results.opened();
      await publishCommand(agent, { ...what, requestId }, options);
      const result = await resultOf(results, requestId);
      if (result === null)
        throw new SedgeError('device.no-result', { ...named(what), waitSeconds: options.wait });
      return await report(context, agent, { ...what, result });
    } finally {
      clearTimeout(timer);
      await results.close();
    }
  });
}

/** A command that nobody waits for any more is not to be done later, unless it was said how long it may take. */
async function publishCommand(
  agent: AgentClient,
  what: {
    readonly device: string;
    readonly command: string;
    readonly args: string;
    readonly requestId: string;
  },
  { ttl, wait }: SendCommandOptions,
): Promise<void> {
  const lifetimeSeconds = ttl ?? (wait === 0 ? undefined : wait);
  const headers = { 'request-id': what.requestId };
  await agent.publish(
    `devices/${what.device}/command/${what.command}`,
    what.args,
    lifetimeSeconds === undefined
      ? { headers }
      : {
          headers: { ...headers, 'ttl-ms': String(Math.round(lifetimeSeconds * 1_000)) },
          ttlSeconds: Math.max(1, Math.ceil(lifetimeSeconds)),
        },
  );
}

/** The result that belongs to the request; `null` where the subscription was closed before it came. */
async function resultOf(results: AgentSubscription, requestId: string): Promise<CommandResult | null> {
  for (;;) {
    const batch: readonly AgentDelivery[] = await results.nextBatch(16);
    if (batch.length === 0) return null;
    for (const delivery of batch) {
      if (delivery.kind !== 'message' || delivery.headers?.['request-id'] !== requestId) continue;
      const result = parseResult(Buffer.from(delivery.payload).toString('utf8'));
      if (result !== null) return result;
    }
  }
}

/** Anybody in the realm may publish on the topic: what is no result is passed over. */
function parseResult(text: string): CommandResult | null {
  try {
    const result = JSON.parse(text) as CommandResult | null;
    return typeof result?.status === 'string' ? result : null;
  } catch {
    return null;
  }
}

async function report(
  context: CommandContext,
  agent: AgentClient,
  { device, command, result }: { device: string; command: string; result: CommandResult },
): Promise<ExitCode> {
  const { status, value } = result;
  if (context.json) await context.record({ device, command, ...result });
  else await context.write(`${status}${value === undefined ? '' : `: ${printable(value)}`}\n`);
  if (status === 'unknown-command') await tellCommands(context, agent, device);
  return status === 'done' ? EXIT.done : EXIT.failure;
}

/** What the device can do, where it is plugged in here. */
async function tellCommands(context: CommandContext, agent: AgentClient, name: string): Promise<void> {
  const device = (await agent.devices()).find((one) => one.name === name);
  if (device !== undefined) context.note(`${name} knows: ${device.commands.join(', ') || 'no commands'}`);
}

/** A device's text must not steer the terminal. */
function printable(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll(/\p{Cc}/gu, '\ufffd');
}

function named({ device, command }: { readonly device: string; readonly command: string }) {
  return { device, command };
}
