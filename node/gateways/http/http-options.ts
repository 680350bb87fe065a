import type { CertificateFiles } from '../listening/certificate-files.ts';
import type { LocalRights } from './caller.ts';

/** Somewhere to listen; port 0 is any free one. */
export interface HttpListenerOptions {
  readonly host: string;
  readonly port: number;
  /** Speaks TLS with these. @defaultValue plain HTTP */
  readonly certificate?: CertificateFiles;
  /** Nobody asked for it: a port that is taken is told in the log, and is no error. @defaultValue `false` */
  readonly unasked?: boolean;
}

/** Options of the HTTP API. */
export interface HttpOptions {
  readonly listeners: readonly HttpListenerOptions[];
  /** What callers at loopback may do without a token. @defaultValue `'publish'`: read and publish */
  readonly local?: LocalRights;
  /** Names of the node that a request's `Host` may have beside its addresses, localhost and the machine's own name. */
  readonly hosts?: readonly string[];
  /** Origins of web pages that may use the API from elsewhere (CORS), such as `https://panel.example`. */
  readonly origins?: readonly string[];
  /** Largest body, bytes. @defaultValue 8 MiB: a message of 1 MiB in base64, or a batch */
  readonly bodyBytesMax?: number;
  /** Sockets that are open at once; further ones are closed. @defaultValue 2,048 */
  readonly connectionsMax?: number;
  /** The same of one address, or a network of 64 bits of IPv6; not for this machine. @defaultValue 256 */
  readonly connectionsPerAddressMax?: number;
  /** How long a client may take for the head of a request, milliseconds. @defaultValue 10,000 */
  readonly headersTimeoutMs?: number;
  /** The same for all of it, its body too. @defaultValue 60,000 */
  readonly requestTimeoutMs?: number;
  /** How long a client may leave what was sent to it unread, milliseconds. @defaultValue 60,000 */
  readonly stallTimeoutMs?: number;
  /** Requests a second of a client, and four times as many at once; more are refused (429). @defaultValue 5,000 */
  readonly requestsPerSecondMax?: number;
  /** Messages a second that a client publishes, and four times as many at once, likewise. @defaultValue 50,000 */
  readonly messagesPerSecondMax?: number;
  /** Live streams that are open at once; further ones are refused (429). @defaultValue 1,024 */
  readonly streamsMax?: number;
  /** What a stream may have unsent in memory, bytes; then it reads on from the journal once there is room. @defaultValue 64 KiB */
  readonly streamBytesMax?: number;
}

const DEFAULTS = Object.freeze({
  local: 'publish' as const,
  hosts: [],
  origins: [],
  bodyBytesMax: 8 * 1_048_576,
  connectionsMax: 2_048,
  connectionsPerAddressMax: 256,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  stallTimeoutMs: 60_000,
  requestsPerSecondMax: 5_000,
  messagesPerSecondMax: 50_000,
  streamsMax: 1_024,
  streamBytesMax: 65_536,
});

/** All options, the defaults filled in. */
export type ResolvedHttpOptions = Required<HttpOptions>;

/** Fills in the defaults. */
export function resolveHttpOptions(options: HttpOptions): ResolvedHttpOptions {
  return { ...DEFAULTS, ...options };
}
