import { createHash } from 'node:crypto';

const DIGITS = 24;

/** Stands for a topic with a payload. */
export function contentHash(topic: string, payload: Uint8Array): string {
  return createHash('sha256').update(topic).update('\0').update(payload).digest('hex').slice(0, DIGITS);
}
