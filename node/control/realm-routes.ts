import type { FastifyInstance } from 'fastify';
import type { ChannelPolicy } from '../../src/index.ts';
import type { ApiParts } from './api-parts.ts';
import { badRequest, numberOf, objectOf, textOf } from './request-fields.ts';

/** Adds the routes that change the realm. */
export function addRealmRoutes(app: FastifyInstance, { mesh }: Pick<ApiParts, 'mesh'>): void {
  app.post('/v1/realm/invite', async (request) => {
    const { expiresInSeconds, uses, role } = objectOf(request.body ?? {});
    if (role !== undefined && role !== 'member' && role !== 'admin')
      throw badRequest('role must be member or admin');
    return mesh.invite({
      ...(expiresInSeconds === undefined
        ? {}
        : { expiresInSeconds: numberOf(expiresInSeconds, 'expiresInSeconds') }),
      ...(uses === undefined ? {} : { uses: numberOf(uses, 'uses') }),
      ...(role === undefined ? {} : { role }),
    });
  });
  app.post('/v1/realm/revoke', async (request) => {
    const { node } = objectOf(request.body);
    return mesh.revoke(textOf(node, 'node'));
  });
  app.post('/v1/realm/channels', async (request) => {
    const { channels } = objectOf(request.body);
    if (!Array.isArray(channels) || channels.length > 1_024) throw badRequest('channels must be an array');
    const declared = channels.map((channel) => {
      const { name, filter } = objectOf(channel);
      return { name: textOf(name, 'name'), filter: textOf(filter, 'filter') };
    });
    await mesh.declareChannels(declared);
    return { channels: declared };
  });
  app.post('/v1/realm/policy', async (request) => {
    const { channels } = objectOf(request.body);
    const policy = objectOf(channels) as Record<string, ChannelPolicy>;
    for (const one of Object.values(policy)) objectOf(one);
    await mesh.declarePolicy(policy);
    return { policy };
  });
}
