import type { FastifyInstance } from 'fastify';
import { readLogLevels } from '../log/log-levels.ts';
import type { ApiParts } from './api-parts.ts';
import { badRequest, noOthers, objectOf } from './request-fields.ts';

/** Adds the routes of log levels, where the log has some that can be changed. */
export function addLogRoutes(app: FastifyInstance, { logLevels }: ApiParts): void {
  if (logLevels === undefined) return;
  app.get('/v1/log-levels', async () => ({ levels: logLevels.levels }));
  app.post('/v1/log-levels', async (request) => {
    const { levels, ...others } = objectOf(request.body);
    noOthers(others);
    const read = readLogLevels(objectOf(levels));
    if (!read.ok) throw badRequest(read.reason);
    logLevels.setLevels(read.value);
    return { levels: logLevels.levels };
  });
}
