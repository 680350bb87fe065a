import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SedgeError } from '../../../../src/errors/index.ts';
import { writeWhole } from '../../listening/write-whole.ts';
import { parseScope, type TokenScope } from './token-scope.ts';

/** A token as the file has it. */
export interface KeptToken {
  readonly id: string;
  /** For people; empty if it has none. */
  readonly name: string;
  /** See `TokenText`. */
  readonly hash: string;
  readonly scopes: readonly TokenScope[];
  readonly createdAtMs: number;
  /** `null`: never. */
  readonly expiresAtMs: number | null;
}

/** All tokens, by id. */
export type KeptTokens = ReadonlyMap<string, KeptToken>;

const VERSION = 1;

/** Most tokens of a node. */
export const TOKENS_MAX = 1_024;

/** Where the tokens of a node are kept. */
export function tokenFilePath(directory: string): string {
  return join(directory, 'http', 'tokens.json');
}

/** Reads the tokens; none if there is no file. Throws `http.tokens-damaged`. */
export async function readTokens(directory: string): Promise<KeptTokens> {
  const path = tokenFilePath(directory);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return new Map();
    throw damaged(path, error);
  }
  try {
    const { version, tokens } = JSON.parse(text) as { version: unknown; tokens: readonly unknown[] };
    if (version === VERSION && tokens.length <= TOKENS_MAX && tokens.every(isKept))
      return new Map(tokens.map((token) => [token.id, token]));
  } catch (error) {
    throw damaged(path, error);
  }
  throw damaged(path);
}

/** Replaces the tokens, whole; on disk when it resolves. */
export function writeTokens(directory: string, tokens: KeptTokens): Promise<void> {
  const text = JSON.stringify({ version: VERSION, tokens: [...tokens.values()] }, null, 2);
  return writeWhole(tokenFilePath(directory), `${text}\n`);
}

function isKept(value: unknown): value is KeptToken {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, hash, scopes, createdAtMs, expiresAtMs } = value as Record<keyof KeptToken, unknown>;
  return (
    typeof id === 'string' &&
    typeof name === 'string' &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash) &&
    Array.isArray(scopes) &&
    scopes.every((scope) => typeof scope === 'string' && parseScope(scope) === scope) &&
    typeof createdAtMs === 'number' &&
    (expiresAtMs === null || typeof expiresAtMs === 'number')
  );
}

function damaged(file: string, cause?: unknown): SedgeError {
  return new SedgeError('http.tokens-damaged', { file }, { cause });
}
