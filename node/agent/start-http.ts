import { partLog } from '../../src/errors/index.ts';
import { checkHttp, httpListening } from '../config/index.ts';
import type { ApiParts, RoutePlugin } from '../control/index.ts';
import type { HttpGateway } from '../gateways/http/index.ts';
import type { AgentParts } from './agent-parts.ts';

/** Starts the HTTP API with the dashboard and `/metrics`; `null` where HTTP is off. */
export async function startHttp(parts: AgentParts, api: ApiParts): Promise<HttpGateway | null> {
  const { directory, nowMs, settings } = parts;
  const log = partLog(parts.log, 'http');
  const options = httpListening(settings);
  if (options === null) return null;
  await checkHttp(directory, settings);
  // Who has no client of HTTP does not pay for it.
  const { HttpGateway } = await import('../gateways/http/index.ts');
  const plugins = await loadPlugins(api);
  const gateway = new HttpGateway(options, { api: { ...api, log }, directory, log, nowMs, plugins });
  await gateway.start();
  return gateway;
}

/** Routes that are there over HTTP alone. */
async function loadPlugins(api: ApiParts): Promise<readonly RoutePlugin[]> {
  const { metricsPlugin } = await import('../metrics/index.ts');
  const { dashboard } = await import('../dashboard/index.ts');
  return [metricsPlugin(api), dashboard];
}
