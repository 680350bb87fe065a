import type { IncomingMessage } from 'node:http';
import { SedgeError } from '../../../src/errors/index.ts';
import type { TokenBook, TokenHolder } from './tokens/token-book.ts';
import { Rights, type TokenScope } from './tokens/token-scope.ts';

/** What whoever reaches this machine's loopback may do without a token. */
export type LocalRights = 'publish' | 'read' | 'none';

/** Who calls. */
export interface Caller {
  /** `null` for one without a token. */
  readonly token: TokenHolder | null;
  readonly rights: Rights;
}

/** Subprotocol in which a browser gives a token for a WebSocket, as it can set no header. */
const TOKEN_PROTOCOL = /(?:^|[\s,])sedge\.token\.([A-Za-z0-9_-]+)/;

const SCOPES_OF: Readonly<Record<LocalRights, readonly TokenScope[]>> = {
  publish: ['read', 'publish:#'],
  read: ['read'],
  none: [],
};
const NOBODY: Caller = { token: null, rights: new Rights([]) };

/** Finds out who calls, and what that caller may do. */
export class Callers {
  readonly #tokens: TokenBook;
  readonly #local: Caller;

  constructor(tokens: TokenBook, local: LocalRights) {
    this.#tokens = tokens;
    this.#local = { token: null, rights: new Rights(SCOPES_OF[local]) };
  }

  /**
   * The caller of a request; `isLocal` where it came in at loopback. Throws `http.bad-token` for a token that is not
   * good: to pass it over would make a mistake hard to find.
   */
  async find({ headers }: IncomingMessage, isLocal: boolean): Promise<Caller> {
    const { authorization, 'sec-websocket-protocol': protocols } = headers;
    if (authorization !== undefined) return this.#byToken(/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '');
    const offered = protocols === undefined ? null : TOKEN_PROTOCOL.exec(protocols);
    if (offered !== null) return this.#byToken(offered[1]!);
    return isLocal && !isForwarded(headers) ? this.#local : NOBODY;
  }

  /** Whether a caller whose stream is open may still have it. */
  isStillGood({ token }: Caller): boolean {
    return token === null || this.#tokens.isGood(token);
  }

  async #byToken(text: string): Promise<Caller> {
    await this.#tokens.look();
    const token = this.#tokens.holderOf(text);
    if (token === null) throw new SedgeError('http.bad-token');
    return { token, rights: token.rights };
  }
}

/** A proxy on this machine speaks for others. */
function isForwarded(headers: IncomingMessage['headers']): boolean {
  return (
    headers.forwarded !== undefined ||
    headers['x-forwarded-for'] !== undefined ||
    headers['x-forwarded-host'] !== undefined ||
    headers['x-real-ip'] !== undefined
  );
}
