import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type Server, type TLSSocket } from 'node:tls';
import { type Log, SedgeError } from '../../../src/errors/index.ts';
import type { CertificateFiles } from './certificate-files.ts';

const HANDSHAKE_MS_MAX = 10_000;

/** Whose certificate it is: what its failure is called. */
export type CertificateOwner = 'MQTT' | 'HTTP';

const CODES = Object.freeze({ MQTT: 'mqtt.bad-certificate', HTTP: 'http.bad-certificate' } as const);

interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

/** The certificate that a listener shows, and whose it asks for. Read again when its files change, without a restart. */
export class ServerCertificate {
  readonly #files: CertificateFiles;
  readonly #log: Log;
  readonly #owner: CertificateOwner;
  #readAs = '';

  constructor(files: CertificateFiles, log: Log, owner: CertificateOwner = 'MQTT') {
    this.#owner = owner;
    this.#files = files;
    this.#log = log;
  }

  /** Options for a server of TLS 1.2 and 1.3. Throws `mqtt.bad-certificate` or `http.bad-certificate`. */
  async serverOptions() {
    this.#readAs = await this.#version();
    const certificate = await this.#read();
    const asks = certificate.ca !== undefined;
    return {
      ...certificate,
      minVersion: 'TLSv1.2' as const,
      handshakeTimeout: HANDSHAKE_MS_MAX,
      requestCert: asks,
      rejectUnauthorized: asks,
    };
  }

  /** Tells of handshakes that fail. */
  watch(server: Server): void {
    server.on('tlsClientError', (error, socket) => {
      this.#log.debug({ from: socket.remoteAddress ?? '', error: error.message }, 'a TLS handshake failed');
    });
  }

  /** Gives a server the new certificate, if its files changed. */
  async look(server: Server): Promise<void> {
    const readAs = await this.#version();
    if (readAs === this.#readAs) return;
    this.#readAs = readAs;
    try {
      server.setSecureContext({ ...(await this.#read()), minVersion: 'TLSv1.2' });
      this.#log.info({ file: this.#files.certFile, of: this.#owner }, 'a certificate was read again');
    } catch (error) {
      // Half written, or a mistake: the one that was good stays until the files change again.
      this.#log.error({ error: String(error), of: this.#owner }, 'a new certificate cannot be used');
    }
  }

  /** What the gateway is told of who is at the other end: nothing where no certificate was asked for. */
  clientOf(socket: TLSSocket): { readonly certificateName?: string | null } {
    if (this.#files.caFile === undefined) return {};
    const { subject } = socket.getPeerCertificate() as { subject?: { CN?: unknown } };
    const name = subject?.CN;
    // One with several names says nothing of who it is.
    return { certificateName: socket.authorized && typeof name === 'string' ? name : null };
  }

  async #read(): Promise<Certificate> {
    const { certFile, keyFile, caFile } = this.#files;
    try {
      const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
      const ca = caFile === undefined ? {} : { ca: await readFile(caFile) };
      // What is none would be passed over, and nobody let in.
      if (ca.ca !== undefined) new X509Certificate(ca.ca);
      createSecureContext({ cert, key, ...ca });
      return { cert, key, ...ca };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const files = { certFile, keyFile, ...(caFile === undefined ? {} : { caFile }) };
      throw new SedgeError(CODES[this.#owner], { ...files, reason }, { cause: error });
    }
  }

  async #version(): Promise<string> {
    const { certFile, keyFile, caFile } = this.#files;
    const facts = await Promise.all(
      [certFile, keyFile, ...(caFile === undefined ? [] : [caFile])].map((file) =>
        stat(file).then(
          ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
          (error: unknown) => String(error),
        ),
      ),
    );
    return facts.join(' ');
  }
}
