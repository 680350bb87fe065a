import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { SedgeError } from '../../src/errors/index.ts';
import type { ExportOptions, ExportSince } from '../../src/index.ts';
import { errorToJson } from './error-json.ts';
import type { ServedMesh } from './served-mesh.ts';

/** HTTP trailer with the summary as JSON, after the bundle. */
export const SUMMARY_TRAILER = 'sedge-summary';
/** HTTP trailer with the error as JSON where an export broke off. */
export const ERROR_TRAILER = 'sedge-error';
/** HTTP header with the number of messages that the export is about to write. */
export const MESSAGES_HEADER = 'sedge-messages';

/** One bundle on its way out: its bytes as they are, then what became of it as a trailer. */
export class ExportStream {
  readonly #mesh: ServedMesh;
  readonly #response: ServerResponse;

  constructor(mesh: ServedMesh, response: ServerResponse) {
    this.#mesh = mesh;
    this.#response = response;
  }

  /** Writes the bundle as fast as the client reads. Throws only before anything was sent. */
  async run(options: ExportOptions): Promise<void> {
    const bundle = this.#mesh.exportBundle(options);
    try {
      for await (const chunk of bundle) {
        if (!this.#response.headersSent) this.#begin(bundle.header?.messages ?? 0);
        if (this.#response.destroyed) return;
        if (!this.#response.write(chunk)) await room(this.#response);
      }
      this.#response.addTrailers({ [SUMMARY_TRAILER]: asciiJson(bundle.summary) });
    } catch (error) {
      if (!this.#response.headersSent) throw error;
      this.#response.addTrailers({ [ERROR_TRAILER]: asciiJson(errorToJson(error)) });
    }
    this.#response.end();
  }

  /** Breaks off, as the agent stops. */
  async stop(): Promise<void> {
    this.#response.destroy();
  }

  #begin(messages: number): void {
    this.#response.writeHead(200, {
      'content-type': 'application/octet-stream',
      trailer: `${SUMMARY_TRAILER}, ${ERROR_TRAILER}`,
      [MESSAGES_HEADER]: String(messages),
    });
  }
}

/** Reads the body of an export request: `channels`, `since`. Throws `agent.bad-request`. */
export function parseExport(json: Record<string, unknown>): ExportOptions {
  const { channels, since, ...others } = json;
  for (const key in others) throw bad(`unknown key ${JSON.stringify(key.slice(0, 40))}`);
  return {
    ...(channels === undefined ? {} : { channels: channelsOf(channels) }),
    ...(since === undefined ? {} : { since: sinceOf(since) }),
  };
}

function channelsOf(value: unknown): string[] {
  if (!Array.isArray(value) || value.length > 256 || !value.every((name) => typeof name === 'string')) {
    throw bad('channels must be an array of at most 256 names');
  }
  return value as string[];
}

function sinceOf(value: unknown): ExportSince {
  if (value === 'all') return value;
  const { timeMs, offsets, orAll } = (value ?? {}) as Record<string, unknown>;
  if (typeof timeMs === 'number' && Number.isFinite(timeMs)) return { timeMs };
  const named = typeof offsets === 'object' && offsets !== null && !Array.isArray(offsets);
  if (!named || !Object.values(offsets).every((offset) => typeof offset === 'string')) {
    throw bad('since must be "all", {"timeMs"} or {"offsets"}');
  }
  return { offsets: offsets as Record<string, string>, ...(orAll === true ? { orAll } : {}) };
}

/** Header fields are ASCII (RFC 9110, section 5.5). */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[^\x20-\x7e]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

async function room(response: ServerResponse): Promise<void> {
  const ended = new AbortController();
  const { signal } = ended;
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).finally(() =>
    ended.abort(),
  );
}

function bad(reason: string): SedgeError {
  return new SedgeError('agent.bad-request', { reason });
}
