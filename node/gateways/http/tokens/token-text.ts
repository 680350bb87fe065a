import { createHash, randomBytes } from 'node:crypto';

/** A token as its holder has it, taken apart. */
export interface TokenText {
  /** Names the token; no secret. */
  readonly id: string;
  /** SHA-256 of all of it, hexadecimal: 256 random bits need no slow hash. */
  readonly hash: string;
}

const PREFIX = 'sedge_';
const FORM = /^sedge_([A-Za-z0-9_-]{8})_([A-Za-z0-9_-]{43})$/;

/** A new token: to be shown once, and kept as its hash. */
export function makeToken(): TokenText & { readonly text: string } {
  const id = randomBytes(6).toString('base64url');
  const text = `${PREFIX}${id}_${randomBytes(32).toString('base64url')}`;
  return { id, hash: hashOf(text), text };
}

/** `null` for what is no token. */
export function parseToken(text: string): TokenText | null {
  const id = FORM.exec(text)?.[1];
  return id === undefined ? null : { id, hash: hashOf(text) };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
