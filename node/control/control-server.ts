import { chmod, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { isSedgeError, type Log, SedgeError } from '../../src/errors/index.ts';
import { addControlRoutes } from './control-routes.ts';
import { CONTROL_SOCKET, type ControlSocketPath, controlSocketPath } from './control-socket.ts';
import type { ControlStreams } from './control-streams.ts';
import { errorToJson, httpStatusOf } from './error-json.ts';
import { LINE_BYTES_MAX } from './line-splitter.ts';
import type { ServedBridges } from './served-bridges.ts';
import type { ServedDevices } from './served-devices.ts';
import type { ServedMesh } from './served-mesh.ts';
import type { ServedMqtt } from './served-mqtt.ts';
import type { ServedTelemetry } from './served-telemetry.ts';

/** How long streams may take to end when the agent stops. */
const STOP_PATIENCE_MS = 2_000;

/** What the control server needs. */
export interface ControlServerParts {
  readonly directory: string;
  readonly mesh: ServedMesh;
  readonly devices: ServedDevices;
  /** `null` where MQTT is off. */
  readonly mqtt?: ServedMqtt | null;
  /** `null` where there are none. */
  readonly bridges?: ServedBridges | null;
  /** Figures of the agent; without it their route is not there. */
  readonly telemetry?: ServedTelemetry;
  readonly log: Log;
  /** Facts of the process for `status`. */
  readonly agentFacts: () => Readonly<Record<string, unknown>>;
  /** Someone asked the agent to stop. */
  readonly onStop: () => void;
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
    const { log } = this.#parts;
    const app = fastify({
      logger: false,
      bodyLimit: LINE_BYTES_MAX,
      // Streams live for days: neither the request nor the connection may time out.
      requestTimeout: 0,
      connectionTimeout: 0,
      keepAliveTimeout: 60_000,
      forceCloseConnections: true,
      // The routes check their input themselves; without schemas the compilers need not be loaded.
      schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    });
    app.setErrorHandler((error, _request, reply) => {
      const known = asRequestError(error);
      const body = errorToJson(known);
      if (body.code === 'agent.internal') {
        log.error({ reason: body.message, stack: (error as Error).stack }, 'a control request failed');
      }
      void reply.code(httpStatusOf(body.code)).send({ error: body });
    });
    app.setNotFoundHandler((request, reply) => {
      const error = new SedgeError('agent.bad-request', {
        reason: `there is no ${request.method} ${request.url}`,
      });
      void reply.code(404).send({ error: errorToJson(error) });
    });
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

function asRequestError(error: unknown): unknown {
  if (isSedgeError(error)) return error;
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new SedgeError('agent.too-large', { limitBytes: LINE_BYTES_MAX });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new SedgeError('agent.bad-request', { reason: message ?? 'unknown' }, { cause: error });
  }
  return error;
}

function noSchemas(): never {
  throw new Error('bug: the control routes have no schemas');
}

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
