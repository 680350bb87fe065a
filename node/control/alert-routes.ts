import type { FastifyInstance } from 'fastify';
import { SedgeError } from '../../src/errors/index.ts';
import type { AlertReport } from '../alerts/index.ts';
import type { ApiParts } from './api-parts.ts';
import { badRequest, noOthers, objectOf, textOf } from './request-fields.ts';

const NAME_LENGTH_MAX = 64;
const NOTE_LENGTH_MAX = 500;

/** Adds the routes of alerts; without them there are none to be shown. */
export function addAlertRoutes(app: FastifyInstance, { mesh, alerts = null }: ApiParts): void {
  app.get('/v1/alerts', async () => alerts?.report() ?? alertsOff(mesh));
  app.post('/v1/alerts/acknowledge', { config: { scope: 'publish' } }, async (request) => {
    const { id, by = '', note = '', ...others } = objectOf(request.body);
    noOthers(others);
    const alert = textOf(id, 'id');
    if (alerts === null) throw new SedgeError('alert.unknown', { alert: alert.slice(0, NAME_LENGTH_MAX) });
    return alerts.acknowledge({
      id: alert,
      by: whoSays(shortText(by, 'by', NAME_LENGTH_MAX), request.caller?.token?.name),
      note: shortText(note, 'note', NOTE_LENGTH_MAX),
    });
  });
  app.post('/v1/alerts/test', async () => {
    if (alerts === null) throw badRequest('alerts are off');
    return alerts.test();
  });
}

/** Who has a token says what it likes of itself, so the token is named beside it; the control socket has none. */
function whoSays(by: string, token: string | undefined): string {
  if (token === undefined) return by || 'unknown';
  return by === '' ? `token ${token}` : `${by} (token ${token})`;
}

/** What is said of alerts where they are off. */
function alertsOff({ node, name }: ApiParts['mesh']): AlertReport {
  const counts = { firing: 0, unacknowledged: 0, pending: 0 };
  return { node, name, alerts: [], others: [], counts, rules: [], webhooks: [], damagedFile: null };
}

/** It is shown on terminals and pages of others. */
function shortText(value: unknown, name: string, lengthMax: number): string {
  const text = textOf(value, name);
  if (text.length > lengthMax || /\p{Cc}/u.test(text)) {
    throw badRequest(`${name} must be a text of at most ${lengthMax} characters without control characters`);
  }
  return text;
}
