import { timingSafeEqual } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Log } from '../../../../src/errors/index.ts';
import { type KeptToken, type KeptTokens, readTokens, tokenFilePath } from './token-file.ts';
import { Rights } from './token-scope.ts';
import { parseToken } from './token-text.ts';

/** Who a token is. */
export interface TokenHolder {
  readonly id: string;
  readonly name: string;
  readonly rights: Rights;
}

/** What a {@link TokenBook} works with. */
export interface TokenBookDependencies {
  readonly directory: string;
  readonly log: Log;
  readonly nowMs: () => number;
}

/** A token that was taken away is good for at most so long, milliseconds. */
const LOOK_EVERY_MS = 500;

/** The tokens of a node as their file has them, read again whenever it changes. */
export class TokenBook {
  readonly #deps: TokenBookDependencies;
  /** `null`: the file is damaged, and no token is good. */
  #tokens: KeptTokens | null = new Map();
  readonly #holders = new Map<string, TokenHolder>();
  #readAs = '';
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | null = null;

  constructor(deps: TokenBookDependencies) {
    this.#deps = deps;
  }

  /** How many there are. */
  get size(): number {
    return this.#tokens?.size ?? 0;
  }

  /** Reads the file if it changed. Waits for it only where nothing is known yet. */
  look(): Promise<void> | undefined {
    const atMs = performance.now();
    if (atMs - this.#lookedAtMs < LOOK_EVERY_MS) return this.#looking ?? undefined;
    this.#lookedAtMs = atMs;
    this.#looking = this.#read().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** Who holds a token; `null` if nobody does: it is none, unknown, taken away or expired. */
  holderOf(text: string): TokenHolder | null {
    const asked = parseToken(text);
    const kept = asked === null ? undefined : this.#tokens?.get(asked.id);
    if (asked === null || kept === undefined || this.#isExpired(kept)) return null;
    if (!timingSafeEqual(Buffer.from(asked.hash, 'hex'), Buffer.from(kept.hash, 'hex'))) return null;
    return this.#holder(kept);
  }

  /** Whether a token that was good before still is. */
  isGood({ id }: TokenHolder): boolean {
    const kept = this.#tokens?.get(id);
    return kept !== undefined && !this.#isExpired(kept);
  }

  #holder(kept: KeptToken): TokenHolder {
    const known = this.#holders.get(kept.id);
    if (known !== undefined) return known;
    const holder = { id: kept.id, name: kept.name, rights: new Rights(kept.scopes) };
    this.#holders.set(kept.id, holder);
    return holder;
  }

  #isExpired({ expiresAtMs }: KeptToken): boolean {
    return expiresAtMs !== null && this.#deps.nowMs() >= expiresAtMs;
  }

  async #read(): Promise<void> {
    const { directory, log } = this.#deps;
    const readAs = await versionOf(tokenFilePath(directory));
    if (readAs === this.#readAs) return;
    this.#readAs = readAs;
    this.#holders.clear();
    try {
      this.#tokens = await readTokens(directory);
    } catch (error) {
      this.#tokens = null;
      log.error({ error: String(error) }, 'the tokens of the HTTP API cannot be read, so none is good');
    }
  }
}

async function versionOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch (error) {
    return (error as { code?: unknown }).code === 'ENOENT' ? '' : String(error);
  }
}
