import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** A password as it is kept: what scrypt (RFC 7914) makes of it, and with what. */
export interface PasswordHash {
  /** Base64. */
  readonly salt: string;
  readonly hash: string;
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

const HASH_BYTES = 32;
const SALT_BYTES = 16;
/** 16 MiB and about 50 ms: bearable on a Raspberry Pi, dear to who tries many. */
const COST = Object.freeze({ n: 16_384, r: 8, p: 1 });
/** What a file may ask for: 128 * n * r bytes. */
const COST_MEMORY_MAX = 256 * 1_048_576;

/** What is kept of a password. */
export async function hashPassword(password: Uint8Array): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, COST);
  return { salt: salt.toString('base64'), hash: hash.toString('base64'), ...COST };
}

/** Whether a password is the one that was kept; takes as long if it is not. */
export async function isPassword(password: Uint8Array, kept: PasswordHash): Promise<boolean> {
  const hash = await derive(password, Buffer.from(kept.salt, 'base64'), kept);
  const expected = Buffer.from(kept.hash, 'base64');
  return hash.length === expected.length && timingSafeEqual(hash, expected);
}

/** True for what {@link hashPassword} makes, at a cost that can be borne. */
export function isPasswordHash(value: unknown): value is PasswordHash {
  if (typeof value !== 'object' || value === null) return false;
  const { salt, hash, n, r, p } = value as Record<keyof PasswordHash, unknown>;
  if (typeof salt !== 'string' || typeof hash !== 'string') return false;
  if (![n, r, p].every((one) => Number.isSafeInteger(one) && (one as number) >= 1)) return false;
  const cost = n as number;
  const isPowerOf2 = cost > 1 && cost <= 2 ** 30 && (cost & (cost - 1)) === 0;
  return isPowerOf2 && 128 * cost * (r as number) <= COST_MEMORY_MAX && (p as number) <= 16;
}

function derive(
  password: Uint8Array,
  salt: Uint8Array,
  { n, r, p }: Pick<PasswordHash, 'n' | 'r' | 'p'>,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N: n, r, p, maxmem: 2 * COST_MEMORY_MAX };
    scrypt(password, salt, HASH_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
