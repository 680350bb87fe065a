import type { FastifyInstance } from 'fastify';
import { addAlertRoutes } from './alert-routes.ts';
import type { ApiParts } from './api-parts.ts';
import { addDeviceRoutes } from './device-routes.ts';
import { addLogRoutes } from './log-routes.ts';
import { addRealmRoutes } from './realm-routes.ts';
import { addViews } from './view-routes.ts';

/** Adds the routes that are the same on the control socket and over HTTP: questions with one answer. */
export function addApiRoutes(app: FastifyInstance, parts: ApiParts): void {
  addViews(app, parts);
  addRealmRoutes(app, parts);
  addDeviceRoutes(app, parts);
  addAlertRoutes(app, parts);
  addLogRoutes(app, parts);
  app.post('/v1/stop', async (_request, reply) => {
    reply.raw.once('finish', parts.onStop);
    return { stopping: true };
  });
}
