/** What is told of the HTTP API. */
export interface HttpStatus {
  /** Where it listens, as URLs. */
  readonly listening: readonly string[];
  /** Sockets that are open. */
  readonly connections: number;
  /** Live streams that are open. */
  readonly streams: number;
  /** Tokens that the node has given out. */
  readonly tokens: number;
  /** What was taken, and what was refused and why. */
  readonly counters: Readonly<Record<string, number>>;
}

/** What the routes need of the HTTP API. */
export interface ServedHttp {
  /** As in {@link HttpStatus.listening}. */
  addresses(): readonly string[];
  status(): HttpStatus;
}
