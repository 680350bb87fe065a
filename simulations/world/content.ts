import { hash } from 'node:crypto';

/** What tells a payload from others in the history: the first 16 digits of its SHA-256. */
export function contentOf(payload: Uint8Array | string): string {
  return hash('sha256', payload, 'hex').slice(0, 16);
}

/**
 * Names a message by what its application gave, whatever log and number it came under. Two that an application published
 * alike have one name.
 */
export function messageKey(message: {
  readonly author?: string;
  readonly topic?: string;
  readonly content?: string;
}): string {
  return `${message.author} ${message.topic} ${message.content}`;
}
