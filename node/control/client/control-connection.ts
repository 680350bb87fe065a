import type { ClientRequest, IncomingMessage } from 'node:http';
import { SedgeError } from '../../../src/errors/index.ts';
import { controlSocketPath } from '../control-socket.ts';
import { errorFromJson } from '../error-json.ts';

/** An `import` of it reads every export, one of which loads Node's fetch: 38 ms and 14 MB, against 5 ms and 2 MB. */
const { Agent, request } = process.getBuiltinModule('node:http');

/** Largest answer that is taken whole: the status of a large realm. */
const ANSWER_BYTES_MAX = 64 * 1_048_576;
/** Requests at once; more wait. */
const CONNECTIONS_MAX = 256;

/** HTTP over the control socket of one directory. */
export class ControlConnection {
  readonly #directory: string;
  readonly #pool = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Closes idle connections; streams are ended by those who opened them. */
  close(): void {
    this.#pool.destroy();
  }

  /**
   * Sends a request with a JSON body and returns the JSON answer. Throws the agent's error with its code,
   * `agent.not-running` or `agent.disconnected`.
   */
  async call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const { outgoing, response } = this.#open(method, path, { 'content-type': 'application/json' });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    return this.#answer(await response);
  }

  /**
   * Opens a stream: what is written goes to the agent, the response comes at once. The promise throws as
   * {@link call} does.
   */
  stream(
    path: string,
    contentType = 'application/x-ndjson',
  ): { outgoing: ClientRequest; response: Promise<IncomingMessage> } {
    const { outgoing, response } = this.#open('POST', path, { 'content-type': contentType });
    outgoing.flushHeaders();
    const checked = response.then(async (incoming) => {
      if (incoming.statusCode !== 200) await this.#answer(incoming);
      return incoming;
    });
    return { outgoing, response: checked };
  }

  /** The error that a broken connection stands for. */
  lost(error: unknown): SedgeError {
    const { code } = error as { code?: string };
    const directory = this.#directory;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') {
      return new SedgeError('agent.not-running', { directory }, { cause: error });
    }
    if (code === 'EACCES' || code === 'EPERM') {
      const reason = 'its control socket belongs to another user';
      return new SedgeError('agent.directory', { directory, reason }, { cause: error });
    }
    return new SedgeError('agent.disconnected', { directory }, { cause: error });
  }

  #open(
    method: string,
    path: string,
    headers: Record<string, string>,
  ): ReturnType<ControlConnection['stream']> {
    const socket = controlSocketPath(this.#directory);
    const outgoing = request({ socketPath: socket.path, path, method, headers, agent: this.#pool });
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve);
      outgoing.once('error', (error) => reject(this.lost(error)));
      outgoing.once('close', () => reject(this.lost(new Error('closed without an answer'))));
    });
    // Later errors of the socket show in the response; without a listener they would crash the program.
    outgoing.on('error', () => {});
    response.then(socket.release, socket.release);
    return { outgoing, response };
  }

  async #answer(response: IncomingMessage): Promise<unknown> {
    const parts: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > ANSWER_BYTES_MAX)
          throw new SedgeError('agent.too-large', { limitBytes: ANSWER_BYTES_MAX });
        parts.push(chunk);
      }
    } catch (error) {
      throw error instanceof SedgeError ? error : this.lost(error);
    }
    const body = parseAnswer(Buffer.concat(parts).toString('utf8'));
    if (response.statusCode === 200) return body;
    throw errorFromJson((body as { error?: unknown } | null)?.error);
  }
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SedgeError('agent.internal', { reason: 'the answer is not JSON' });
  }
}
