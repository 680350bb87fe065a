/** Options of the HTTP API. */
export interface HttpOptions {
  /** Where it listens; port 0 is any free one. */
  readonly address: { readonly host: string; readonly port: number };
  /** Nobody asked for it: a port that is taken is told in the log, and is no error. @defaultValue `false` */
  readonly unasked?: boolean;
  /** Largest body, bytes. @defaultValue 8 MiB: a message of 1 MiB in base64, or a batch */
  readonly bodyBytesMax?: number;
  /** Sockets that are open at once; further ones are closed. @defaultValue 2,048 */
  readonly connectionsMax?: number;
  /** How long a client may take for the head of a request, milliseconds. @defaultValue 10,000 */
  readonly headersTimeoutMs?: number;
}

const DEFAULTS = Object.freeze({
  unasked: false,
  bodyBytesMax: 8 * 1_048_576,
  connectionsMax: 2_048,
  headersTimeoutMs: 10_000,
});

/** All options, the defaults filled in. */
export type ResolvedHttpOptions = Required<HttpOptions>;

/** Fills in the defaults. */
export function resolveHttpOptions(options: HttpOptions): ResolvedHttpOptions {
  return { ...DEFAULTS, ...options };
}
