import { assertNever, type Log } from '../../../../src/errors/index.ts';
import type { Listener, ListenerOptions } from './listener.ts';
import { TcpListener } from './tcp-listener.ts';

/** A listener for what was asked for; what is not asked for is not loaded. */
export async function makeListener(options: ListenerOptions, log: Log): Promise<Listener> {
  switch (options.kind) {
    case 'tcp':
      return new TcpListener(options);
    case 'tls': {
      const { TlsListener } = await import('./tls-listener.ts');
      return new TlsListener(options, log);
    }
    case 'websocket': {
      const { WebSocketListener } = await import('./websocket-listener.ts');
      return new WebSocketListener(options);
    }
    case 'websocket-tls': {
      const [{ WebSocketListener }, { ServerCertificate }] = await Promise.all([
        import('./websocket-listener.ts'),
        import('../../listening/server-certificate.ts'),
      ]);
      return new WebSocketListener(options, new ServerCertificate(options, log));
    }
    default:
      return assertNever(options);
  }
}
