import type { IncomingMessage } from 'node:http';
import type { ExportOptions, ExportSummary } from '../../../src/index.ts';
import { errorFromJson } from '../error-json.ts';
import { ERROR_TRAILER, MESSAGES_HEADER, SUMMARY_TRAILER } from '../export-stream.ts';
import type { ControlConnection } from './control-connection.ts';

/** A bundle as the agent writes it. Take the chunks to their end; the summary comes with it. */
export class AgentExport implements AsyncIterable<Uint8Array> {
  readonly #connection: ControlConnection;
  readonly #options: ExportOptions;
  #messages = 0;
  #summary: ExportSummary | null = null;

  constructor(connection: ControlConnection, options: ExportOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Messages that the agent is about to write; 0 before the first chunk. */
  get messages(): number {
    return this.#messages;
  }

  /** What went into the bundle; `null` until its end. */
  get summary(): ExportSummary | null {
    return this.#summary;
  }

  /** Throws the agent's error, `agent.not-running` and `agent.disconnected`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { outgoing, response } = this.#connection.stream('/v1/export', 'application/json');
    outgoing.end(JSON.stringify(this.#options));
    const incoming = await response;
    this.#messages = Number(incoming.headers[MESSAGES_HEADER] ?? 0);
    try {
      yield* incoming as AsyncIterable<Buffer>;
    } catch (error) {
      throw this.#connection.lost(error);
    } finally {
      incoming.destroy();
    }
    this.#summary = this.#summaryOf(incoming);
  }

  #summaryOf({ trailers }: IncomingMessage): ExportSummary {
    const error = trailers[ERROR_TRAILER];
    if (error !== undefined) throw errorFromJson(JSON.parse(error));
    const summary = trailers[SUMMARY_TRAILER];
    if (summary === undefined) throw this.#connection.lost(new Error('the stream ended'));
    return JSON.parse(summary) as ExportSummary;
  }
}
