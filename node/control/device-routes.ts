import type { FastifyInstance } from 'fastify';
import type { ApiParts } from './api-parts.ts';
import { type ControlStreams, checkRoom, takeOver } from './control-streams.ts';
import { MonitorStream } from './monitor-stream.ts';
import {
  badRequest,
  bytesOf,
  noOthers,
  numberOf,
  objectOf,
  textOf,
  textsOf,
  truthOf,
} from './request-fields.ts';
import type { DeviceDraft, ProvisionOptions } from './served-devices.ts';

/** Adds the routes of devices and serial ports. */
export function addDeviceRoutes(app: FastifyInstance, { devices }: Pick<ApiParts, 'devices'>): void {
  app.get('/v1/devices', async () => ({ devices: await devices.devices() }));
  app.get('/v1/serial-ports', async () => ({ ports: await devices.ports() }));
  app.post('/v1/devices/provision', async (request) => {
    const { port, ...options } = objectOf(request.body);
    return devices.provision(textOf(port, 'port'), provisionOf(options));
  });
  app.post('/v1/devices/add', async (request) => devices.add(draftOf(objectOf(request.body))));
  app.post('/v1/devices/remove', async (request) => devices.remove(onlyText(request.body, 'device')));
  app.post('/v1/devices/accept-epoch', async (request) =>
    devices.acceptEpoch(onlyText(request.body, 'device')),
  );
  app.post('/v1/serial-ports/release', async (request) => {
    await devices.release(onlyText(request.body, 'port'));
    return { released: true };
  });
  app.post('/v1/serial-ports/reclaim', async (request) => {
    await devices.reclaim(onlyText(request.body, 'port'));
    return { reclaimed: true };
  });
}

/** Adds the route on which devices are watched. */
export function addMonitorRoute(
  app: FastifyInstance,
  { devices }: Pick<ApiParts, 'devices'>,
  streams: ControlStreams,
): void {
  app.post('/v1/devices/monitor', async (request, reply) => {
    checkRoom(streams);
    const { port, device, ...others } = objectOf(request.body ?? {});
    noOthers(others);
    if (port !== undefined && device !== undefined) throw badRequest('give port or device, not both');
    const events = await devices.monitor({
      ...(port === undefined ? {} : { port: textOf(port, 'port') }),
      ...(device === undefined ? {} : { device: textOf(device, 'device') }),
    });
    takeOver(reply);
    const stream = new MonitorStream(events, reply.raw);
    streams.add(stream);
    await stream.run().finally(() => streams.delete(stream));
  });
}

function onlyText(body: unknown, name: string): string {
  const { [name]: value, ...others } = objectOf(body);
  noOthers(others);
  return textOf(value, name);
}

function provisionOf(fields: Record<string, unknown>): ProvisionOptions {
  const { name, baudRate, prefix, topics, signingKeyBase64, force, ...others } = fields;
  noOthers(others);
  return {
    ...(name === undefined ? {} : { name: textOf(name, 'name') }),
    ...(baudRate === undefined ? {} : { baudRate: numberOf(baudRate, 'baudRate') }),
    ...(prefix === undefined ? {} : { prefix: textOf(prefix, 'prefix') }),
    ...(topics === undefined ? {} : { topics: textsOf(topics, 'topics') }),
    ...(signingKeyBase64 === undefined ? {} : { signingKey: bytesOf(signingKeyBase64, 'signingKeyBase64') }),
    ...(force === undefined ? {} : { force: truthOf(force, 'force') }),
  };
}

function draftOf(fields: Record<string, unknown>): DeviceDraft {
  const { id, name, keyBase64, signingKeyBase64, prefix, topics, ...others } = fields;
  noOthers(others);
  return {
    id: textOf(id, 'id'),
    key: bytesOf(keyBase64, 'keyBase64'),
    ...(name === undefined ? {} : { name: textOf(name, 'name') }),
    ...(signingKeyBase64 === undefined ? {} : { signingKey: bytesOf(signingKeyBase64, 'signingKeyBase64') }),
    ...(prefix === undefined ? {} : { prefix: textOf(prefix, 'prefix') }),
    ...(topics === undefined ? {} : { topics: textsOf(topics, 'topics') }),
  };
}
