import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { errorToJson } from './error-json.ts';
import type { MonitorEvent } from './served-devices.ts';
import { writeWhenRoom } from './write-when-room.ts';

/** One who watches serial ports: an event a line, for as long as the client stays. */
export class MonitorStream {
  readonly #events: AsyncIterator<MonitorEvent>;
  readonly #response: ServerResponse;

  constructor(events: AsyncIterable<MonitorEvent>, response: ServerResponse) {
    this.#events = events[Symbol.asyncIterator]();
    this.#response = response;
  }

  /** Writes what happens until the client leaves or the bridge ends. */
  async run(): Promise<void> {
    const response = this.#response;
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    // Nothing may happen for hours: who left must not be waited for.
    response.once('close', () => void this.#events.return?.());
    try {
      for (;;) {
        const next = await this.#events.next();
        if (next.done === true || response.destroyed) break;
        await writeWhenRoom(response, `${JSON.stringify(next.value)}\n`);
      }
    } catch (error) {
      await writeWhenRoom(response, `${JSON.stringify({ error: errorToJson(error) })}\n`);
    }
    response.end();
  }

  /** Ends it, as the agent stops. */
  async stop(): Promise<void> {
    const closed = this.#response.closed ? Promise.resolve() : once(this.#response, 'close');
    await this.#events.return?.();
    await closed;
  }
}
