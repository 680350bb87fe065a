import { createHmac } from 'node:crypto';

/** Header that signs a body. */
export const SIGNATURE_HEADER = 'sedge-signature';

/**
 * Value of the header: `t=<seconds since 1970>,v1=<hex of HMAC-SHA256 over "<t>.<body>">`. The time is signed too, so that
 * a receiver can refuse what is old.
 */
export function webhookSignature(secret: string, body: string, atMs: number): string {
  const t = Math.floor(atMs / 1_000);
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
}
