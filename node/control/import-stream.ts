import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ImportCounts } from '../../src/index.ts';
import { errorToJson } from './error-json.ts';
import type { ServedMesh } from './served-mesh.ts';
import { writeWhenRoom } from './write-when-room.ts';

/** Progress is told at most this often, milliseconds. */
const PROGRESS_MS = 200;

/**
 * One bundle on its way in: the body of the request is its bytes; the answer is NDJSON, `{"progress"}` from time to
 * time and `{"summary"}` or `{"error"}` as the last line.
 */
export class ImportStream {
  readonly #mesh: ServedMesh;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #abort = new AbortController();
  #toldAtMs = 0;

  constructor(mesh: ServedMesh, request: IncomingMessage, response: ServerResponse) {
    this.#mesh = mesh;
    this.#request = request;
    this.#response = response;
  }

  /** Reads the body to its end; resolves when the answer is written. */
  async run(): Promise<void> {
    this.#response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    this.#response.flushHeaders();
    await this.#write(await this.#import());
    this.#response.end(() => this.#request.destroy());
  }

  /** Takes nothing more, as the agent stops; what was taken stays. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#response.destroy();
  }

  async #import(): Promise<object> {
    try {
      const summary = await this.#mesh.importBundle(this.#request as AsyncIterable<Buffer>, {
        signal: this.#abort.signal,
        onProgress: (progress) => this.#tell(progress),
      });
      return { summary };
    } catch (error) {
      return { error: errorToJson(error) };
    }
  }

  #tell(progress: ImportCounts): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldAtMs < PROGRESS_MS) return;
    this.#toldAtMs = nowMs;
    void this.#write({ progress });
  }

  async #write(line: object): Promise<void> {
    await writeWhenRoom(this.#response, `${JSON.stringify(line)}\n`);
  }
}
