import { SedgeError } from '../../src/errors/index.ts';
import type { HttpOptions } from '../gateways/http/index.ts';
import type { AgentSettings } from './agent-settings.ts';
import { isLoopback, type ListenAddress } from './listen-address.ts';

/** Where the HTTP API listens if nobody says anything of it. */
export const HTTP_UNASKED: ListenAddress = Object.freeze({ host: '127.0.0.1', port: 8_420 });

/** What the settings say of the HTTP API; `null` where it is off. Throws `agent.bad-config`. */
export function httpListening({ http }: AgentSettings): HttpOptions | null {
  if (http === null) return null;
  if (http === undefined) return { address: HTTP_UNASKED, unasked: true };
  if (!isLoopback(http)) {
    const reason =
      'other machines reach that address, and it is open to this machine alone: use 127.0.0.1:PORT';
    throw new SedgeError('agent.bad-config', { where: 'http', reason });
  }
  return { address: http, unasked: false };
}
