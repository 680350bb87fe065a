import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, createServer, type Server } from 'node:tls';
import { type Log, SedgeError } from '../../../../src/errors/index.ts';
import { addressOf, closeServer, listenOn } from './listen-socket.ts';
import type { AcceptStream, CertificateFiles, ListenAddress, Listener } from './listener.ts';
import { prepareSocket } from './tcp-listener.ts';

const HANDSHAKE_MS_MAX = 10_000;

interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** MQTT over TLS 1.2 and 1.3. The certificate is read again when its files change, without a restart. */
export class TlsListener implements Listener {
  readonly #options: ListenAddress & CertificateFiles;
  readonly #log: Log;
  #server: Server | null = null;
  #readAs = '';

  constructor(options: ListenAddress & CertificateFiles, log: Log) {
    this.#options = options;
    this.#log = log;
  }

  async start(accept: AcceptStream): Promise<void> {
    this.#readAs = await this.#version();
    const server = createServer(
      { ...(await this.#read()), minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_MS_MAX },
      (socket) => {
        prepareSocket(socket);
        accept(socket);
      },
    );
    server.on('tlsClientError', (error, socket) => {
      this.#log.debug({ from: socket.remoteAddress ?? '', error: error.message }, 'a TLS handshake failed');
    });
    await listenOn(server, this.#options);
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server !== null) await closeServer(server);
  }

  address(): string {
    const address = addressOf(this.#server);
    return address === '' ? '' : `mqtts://${address}`;
  }

  async look(): Promise<void> {
    const readAs = await this.#version();
    if (readAs === this.#readAs || this.#server === null) return;
    this.#readAs = readAs;
    try {
      this.#server.setSecureContext(await this.#read());
      this.#log.info({ file: this.#options.certFile }, 'the certificate of MQTT was read again');
    } catch (error) {
      // Half written, or a mistake: the one that was good stays until the files change again.
      this.#log.error({ error: String(error) }, 'the new certificate of MQTT cannot be used');
    }
  }

  async #read(): Promise<Certificate> {
    const { certFile, keyFile } = this.#options;
    try {
      const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
      createSecureContext({ cert, key });
      return { cert, key };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new SedgeError('mqtt.bad-certificate', { certFile, keyFile, reason }, { cause: error });
    }
  }

  async #version(): Promise<string> {
    const { certFile, keyFile } = this.#options;
    const facts = await Promise.all(
      [certFile, keyFile].map((file) =>
        stat(file).then(
          ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
          (error: unknown) => String(error),
        ),
      ),
    );
    return facts.join(' ');
  }
}
