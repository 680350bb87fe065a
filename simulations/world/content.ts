import { hash } from 'node:crypto';

/**
 * What tells a payload from others in the history: the first 16 digits of its SHA-256. Where every payload is
 * published once, as in all scenarios, it names a message whatever log and number it came under.
 */
export function contentOf(payload: Uint8Array | string): string {
  return hash('sha256', payload, 'hex').slice(0, 16);
}
