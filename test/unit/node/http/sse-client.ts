import type { IncomingMessage } from 'node:http';
import type { ServedMesh } from '../../../../node/control/index.ts';
import type { HttpWorld } from './http-world.ts';

/** An event of a stream. */
export interface SseEvent {
  readonly id: string;
  readonly event: string;
  readonly data: {
    readonly payload: string;
    readonly topic: string;
    readonly error?: { readonly code: string };
  };
}

/** A client of Server-Sent Events. */
export class SseClient {
  readonly response: IncomingMessage;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest = '';
  readonly #events: SseEvent[] = [];

  private constructor(response: IncomingMessage) {
    this.response = response;
    this.#chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  static async open<M extends ServedMesh>(
    world: HttpWorld<M>,
    query: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<SseClient> {
    return new SseClient(await world.open(`/v1/stream?${query}`, { headers }));
  }

  /** Waits for so many further events; fewer where the stream ends. */
  async events(count: number): Promise<SseEvent[]> {
    while (this.#events.length < count) {
      const chunk = await this.#chunks.next();
      if (chunk.done === true) break;
      this.#rest += chunk.value.toString('utf8');
      const blocks = this.#rest.split('\n\n');
      this.#rest = blocks.pop()!;
      for (const block of blocks) this.#take(block);
    }
    return this.#events.splice(0, count);
  }

  async payloads(count: number): Promise<string[]> {
    return (await this.events(count)).map(({ data }) => data.payload);
  }

  close(): void {
    this.response.destroy();
  }

  #take(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => {
        const at = line.indexOf(': ');
        return [line.slice(0, at), line.slice(at + 2)] as const;
      }),
    );
    const data = fields.get('data');
    if (data === undefined) return;
    const [id = '', event = 'message'] = [fields.get('id'), fields.get('event')];
    this.#events.push({ id, event, data: JSON.parse(data) as never });
  }
}
