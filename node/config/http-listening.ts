import { SedgeError } from '../../src/errors/index.ts';
import type { HttpListenerOptions, HttpOptions } from '../gateways/http/index.ts';
import type { CertificateFiles } from '../gateways/listening/certificate-files.ts';
import type { AgentSettings } from './agent-settings.ts';
import type { ListenAddress } from './listen-address.ts';

/** Where the HTTP API listens if nobody says anything of it. */
export const HTTP_UNASKED: ListenAddress = Object.freeze({ host: '127.0.0.1', port: 8_420 });

/** What the settings say of the HTTP API; `null` where it is off. Throws `agent.bad-config` for TLS without a certificate. */
export function httpListening(settings: AgentSettings): HttpOptions | null {
  const {
    http,
    httpTls,
    httpLocal: local = 'publish',
    httpHosts: hosts = [],
    httpOrigins: origins = [],
  } = settings;
  const listeners: HttpListenerOptions[] = [];
  if (http === undefined) listeners.push({ ...HTTP_UNASKED, unasked: true });
  else if (http !== null) listeners.push(http);
  if (httpTls != null) listeners.push({ ...httpTls, certificate: certificateOf(settings) });
  return listeners.length === 0 ? null : { listeners, local, hosts, origins };
}

function certificateOf({ httpCert: certFile, httpKey: keyFile }: AgentSettings): CertificateFiles {
  if (certFile === undefined || keyFile === undefined) {
    const reason = 'TLS needs a certificate and its key: --http-cert FILE --http-key FILE';
    throw new SedgeError('agent.bad-config', { where: 'httpTls', reason });
  }
  return { certFile, keyFile };
}
