import type { Duplex } from 'node:stream';
import type { CertificateFiles } from '../../listening/certificate-files.ts';

/** The bytes of a connection, whatever carries them. */
export type ClientStream = Duplex & {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  /** The name in the client's certificate, `null` if it has none; absent where no certificate was asked for. */
  readonly certificateName?: string | null;
};

/** Takes in connections. */
export type AcceptStream = (stream: ClientStream) => void;

/** Somewhere that clients connect. */
export interface Listener {
  /** Listens. Throws `mqtt.cannot-listen` and `mqtt.bad-certificate`. */
  start(accept: AcceptStream): Promise<void>;
  /** Takes no more connections; those that are open are the gateway's. */
  stop(): Promise<void>;
  /** Where it listens: `host:port`, for anything but plain TCP with a scheme before it. Empty while it does not. */
  address(): string;
  /** Looks whether what it was given has changed on disk. */
  look(): Promise<void>;
}

/** An address to listen on. */
export interface ListenAddress {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

/** What to listen on, and how. */
export type ListenerOptions =
  | ({ readonly kind: 'tcp' } & ListenAddress)
  | ({ readonly kind: 'tls' } & ListenAddress & CertificateFiles)
  | ({ readonly kind: 'websocket' } & ListenAddress)
  | ({ readonly kind: 'websocket-tls' } & ListenAddress & CertificateFiles);
