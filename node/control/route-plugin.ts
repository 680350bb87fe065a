import type { FastifyInstance } from 'fastify';

/**
 * Who may call a route over HTTP: everybody who gets there (`open`), or who may read, publish, or administer. The control
 * socket belongs to the owner of the directory and asks nothing.
 */
export type RouteScope = 'open' | 'read' | 'publish' | 'admin';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** @defaultValue `read` for GET and HEAD, `admin` for everything else */
    scope?: RouteScope;
  }
}

/** Routes that a part of the agent adds to its API. */
export interface RoutePlugin {
  /** For the log, where it fails. */
  readonly name: string;
  /** Adds them; `{ config: { scope } }` of a route says who may call it. */
  addRoutes(app: FastifyInstance): void;
  /** Their path items for `/v1/openapi.json` (OpenAPI 3.1), asked for when somebody wants that document. */
  openApiPaths?(): Promise<Readonly<Record<string, object>>>;
}
