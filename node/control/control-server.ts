import { chmod, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { SedgeError } from '../../src/errors/index.ts';
import { makeApiApp } from './api-app.ts';
import type { ApiParts } from './api-parts.ts';
import { addControlRoutes } from './control-routes.ts';
import { CONTROL_SOCKET, type ControlSocketPath, controlSocketPath } from './control-socket.ts';
import type { ControlStreams } from './control-streams.ts';
import { LINE_BYTES_MAX } from './line-splitter.ts';

/** How long streams may take to end when the agent stops. */
const STOP_PATIENCE_MS = 2_000;

/** What the control server needs. */
export interface ControlServerParts extends ApiParts {
  readonly directory: string;
}

/**
 * HTTP on a Unix socket in the node's directory, for its owner alone (mode 0600). The routes are described in
 * `docs/control-api.md`.
 */
export class ControlServer {
  readonly #parts: ControlServerParts;
  readonly #streams: ControlStreams = new Set();
  #app: FastifyInstance | null = null;
  #socket: ControlSocketPath | null = null;

  constructor(parts: ControlServerParts) {
    this.#parts = parts;
  }

  /** Listens. A socket that a killed agent left is replaced: the caller holds the directory's lock. */
  async start(): Promise<void> {
    if (this.#app !== null) return;
    const app = this.#build();
    await app.ready();
    const { directory } = this.#parts;
    const socket = controlSocketPath(directory);
    await unlink(join(directory, CONTROL_SOCKET)).catch(() => {});
    try {
      await listenForOwner(app, socket.path);
      await chmod(join(directory, CONTROL_SOCKET), 0o600);
    } catch (error) {
      socket.release();
      throw new SedgeError('agent.directory', { directory, reason: String(error) }, { cause: error });
    }
    this.#app = app;
    this.#socket = socket;
  }

  /** Ends streams (acknowledgements on their way are given first), then the server and the socket. */
  async stop(): Promise<void> {
    const app = this.#app;
    if (app === null) return;
    this.#app = null;
    const ended = Promise.allSettled([...this.#streams].map((stream) => stream.stop()));
    await Promise.race([ended, timeout(STOP_PATIENCE_MS)]);
    const closed = app.close();
    app.server.closeAllConnections();
    await closed;
    this.#socket?.release();
    this.#socket = null;
  }

  #build(): FastifyInstance {
    const app = makeApiApp({ bodyBytesMax: LINE_BYTES_MAX }, this.#parts.log);
    addControlRoutes(app, this.#parts, this.#streams);
    return app;
  }
}

/** Binds synchronously under a mask, so that the socket is never open to others, not even for a moment. */
function listenForOwner(app: FastifyInstance, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    app.server.once('error', reject);
    const mask = process.umask(0o177);
    try {
      app.server.listen(path, () => {
        app.server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(mask);
    }
  });
}

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
