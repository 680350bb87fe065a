import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What came in one POST. */
export interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly body: {
    readonly event: string;
    readonly name: string;
    readonly alert: { readonly id: string; readonly occurrence: number; readonly subject: string };
  };
}

/** A real HTTP server that takes webhooks, or does not. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  /** What it answers. */
  status = 200;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      void this.#take(request).finally(() => response.writeHead(this.status).end());
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook?token=planted-token`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Events of an alert in order, each once: a sender that was killed may not know what it had sent. */
  eventsOf(id: string): string[] {
    const events = new Map<unknown, string>();
    for (const { headers, body } of this.received) {
      if (body.alert.id === id) events.set(headers['sedge-delivery'], body.event);
    }
    return [...events.values()];
  }

  async #take(request: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    this.received.push({ headers: request.headers, text, body: JSON.parse(text) });
  }
}

/** What a receiver does with the signature. */
export function isSigned({ headers, text }: Received, secret: string): boolean {
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['sedge-signature'])) ?? [];
  return v1 === createHmac('sha256', secret).update(`${t}.${text}`).digest('hex');
}
