import { createServer, type Server } from 'node:tls';
import type { Log } from '../../../../src/errors/index.ts';
import type { CertificateFiles } from '../../listening/certificate-files.ts';
import { ServerCertificate } from '../../listening/server-certificate.ts';
import { addressOf, closeServer, listenOn } from './listen-socket.ts';
import type { AcceptStream, ListenAddress, Listener } from './listener.ts';
import { prepareSocket } from './tcp-listener.ts';

/** MQTT over TLS 1.2 and 1.3. */
export class TlsListener implements Listener {
  readonly #address: ListenAddress;
  readonly #certificate: ServerCertificate;
  #server: Server | null = null;

  constructor(options: ListenAddress & CertificateFiles, log: Log) {
    this.#address = options;
    this.#certificate = new ServerCertificate(options, log);
  }

  async start(accept: AcceptStream): Promise<void> {
    const server = createServer(await this.#certificate.serverOptions(), (socket) => {
      prepareSocket(socket);
      accept(Object.assign(socket, this.#certificate.clientOf(socket)));
    });
    this.#certificate.watch(server);
    await listenOn(server, this.#address);
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
    if (this.#server !== null) await this.#certificate.look(this.#server);
  }
}
