import type { IncomingMessage } from 'node:http';
import { isSedgeError } from '../../../src/errors/index.ts';
import { errorFromJson } from '../error-json.ts';
import { LineSplitter } from '../line-splitter.ts';
import type { MonitorEvent } from '../served-devices.ts';
import type { ControlConnection } from './control-connection.ts';

/** What a watcher wants to see; all ports without either. */
export interface MonitorOptions {
  readonly port?: string;
  readonly device?: string;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** Events of serial ports as the agent sends them; ends with `signal`, or throws `agent.disconnected`. */
export async function* monitorLines(
  connection: ControlConnection,
  { signal, ...what }: MonitorOptions,
): AsyncGenerator<MonitorEvent> {
  if (signal?.aborted) return;
  const { outgoing, response } = connection.stream('/v1/devices/monitor', 'application/json');
  const end = (): void => void outgoing.destroy();
  signal?.addEventListener('abort', end, { once: true });
  try {
    outgoing.end(JSON.stringify(what));
    yield* eventsOf(await response);
  } catch (error) {
    if (signal?.aborted) return;
    throw isSedgeError(error) ? error : connection.lost(error);
  } finally {
    signal?.removeEventListener('abort', end);
    outgoing.destroy();
  }
  if (!signal?.aborted) throw connection.lost(new Error('the stream ended'));
}

async function* eventsOf(incoming: IncomingMessage): AsyncGenerator<MonitorEvent> {
  const splitter = new LineSplitter();
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    const lines = splitter.push(chunk);
    for (const line of lines?.toString('utf8').split('\n') ?? []) {
      if (line === '') continue;
      const event = JSON.parse(line) as MonitorEvent | { error: unknown };
      if (!('kind' in event)) throw errorFromJson(event.error);
      yield event;
    }
  }
}
