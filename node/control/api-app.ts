import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { isSedgeError, type Log, SedgeError } from '../../src/errors/index.ts';
import { errorToJson, httpStatusOf } from './error-json.ts';

/** How an API is served. */
export interface ApiAppOptions {
  /** Largest body, bytes. */
  readonly bodyBytesMax: number;
  /** Longest part of an address that a route takes as it comes. @defaultValue 100 characters */
  readonly parameterLengthMax?: number;
  /** Told of each request that fails, before it is answered. */
  readonly onRefused?: (code: string, request: FastifyRequest, reply: FastifyReply) => void;
}

/** An app without routes, whose errors are those of `docs/control-api.md`. */
export function makeApiApp(options: ApiAppOptions, log: Log): FastifyInstance {
  const { bodyBytesMax, parameterLengthMax = 100, onRefused } = options;
  const app = fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    routerOptions: { maxParamLength: parameterLengthMax },
    // Streams live for days: neither the request nor the connection may time out.
    requestTimeout: 0,
    connectionTimeout: 0,
    keepAliveTimeout: 60_000,
    forceCloseConnections: true,
    // The routes check their input themselves; without schemas the compilers need not be loaded.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  });
  app.setErrorHandler((error, request, reply) => {
    const body = errorToJson(asRequestError(error, bodyBytesMax));
    onRefused?.(body.code, request, reply);
    if (body.code === 'agent.internal')
      log.error({ reason: body.message, stack: (error as Error).stack }, 'a request to the API failed');
    const { waitSeconds } = body.details;
    if (typeof waitSeconds === 'number') void reply.header('retry-after', String(waitSeconds));
    void reply.code(httpStatusOf(body.code)).send({ error: body });
  });
  app.setNotFoundHandler((request, reply) => {
    const reason = `there is no ${request.method} ${request.url.slice(0, 256)}`;
    const error = new SedgeError('agent.bad-request', { reason });
    onRefused?.(error.code, request, reply);
    void reply.code(404).send({ error: errorToJson(error) });
  });
  return app;
}

function asRequestError(error: unknown, bodyBytesMax: number): unknown {
  if (isSedgeError(error)) return error;
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new SedgeError('agent.too-large', { limitBytes: bodyBytesMax });
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new SedgeError('http.bad-media-type', { reason: message ?? 'unknown' });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new SedgeError('agent.bad-request', { reason: message ?? 'unknown' }, { cause: error });
  }
  return error;
}

function noSchemas(): never {
  throw new Error('bug: the routes have no schemas');
}
