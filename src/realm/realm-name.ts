import { toUtf8 } from '../bytes/index.ts';
import { SedgeError } from '../errors/index.ts';

/** Longest name of a realm, node or invitation, bytes of UTF-8. */
export const NAME_BYTES_MAX = 64;

/** Controls, line separators, and the marks that turn the direction of text: they let one name pose as another. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: to find them is its purpose
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

/** True for 1 to 64 bytes of well-formed text without control characters. */
export function isName(text: unknown): text is string {
  if (typeof text !== 'string' || text.length === 0 || text.length > NAME_BYTES_MAX) return false;
  return text.isWellFormed() && toUtf8(text).length <= NAME_BYTES_MAX && !FORBIDDEN.test(text);
}

/** Throws `realm.bad-name` unless the text is a name. */
export function requireName(text: string): void {
  if (!isName(text)) throw new SedgeError('realm.bad-name');
}
