import { SedgeError } from '../../src/errors/index.ts';
import type { AgentSettings } from './agent-settings.ts';
import { httpListening } from './http-listening.ts';
import { isLoopback } from './listen-address.ts';

/**
 * What settings that are right one by one have to be together, and with the tokens of the directory. Throws
 * `agent.bad-config` for TLS without a certificate, for an address that others reach without TLS, and for one where nobody
 * has a token.
 */
export async function checkHttp(directory: string, settings: AgentSettings): Promise<void> {
  const options = httpListening(settings);
  const open = options?.listeners.filter((listener) => !isLoopback(listener)) ?? [];
  if (open.length === 0) return;
  if (open.some(({ certificate }) => certificate === undefined) && settings.httpInsecure !== true)
    throw badHttp(
      'other machines reach that address, where tokens and messages would cross the network as they are: use --http-tls with a certificate, or say that you want that with --http-insecure',
    );
  const { readTokens } = await import('../gateways/http/tokens/token-file.ts');
  if ((await readTokens(directory)).size > 0) return;
  throw badHttp(
    'other machines reach that address, and there are no tokens, so nobody could use it: make one with "sedge token add NAME --scope read"',
  );
}

function badHttp(reason: string): SedgeError {
  return new SedgeError('agent.bad-config', { where: 'http', reason });
}
