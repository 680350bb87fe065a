import { Buffer } from 'node:buffer';
import type { ErrorCode } from '../errors/index.ts';

/** Longest topic or filter, bytes of UTF-8. */
export const TOPIC_BYTES_MAX = 1_024;
/** Most levels of a topic or filter. */
export const TOPIC_LEVELS_MAX = 64;

const SLASH = 47;
const LAST_ASCII = 127;

/** Why a text can be neither topic nor filter, wildcards aside; `null` if it can. */
export function limitBroken(text: string): ErrorCode | null {
  if (text.length === 0) return 'topic.empty';
  if (text.length > TOPIC_BYTES_MAX) return 'topic.too-long';
  let levels = 1;
  let ascii = true;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === SLASH) levels++;
    else if (code === 0) return 'topic.bad-character';
    else if (code > LAST_ASCII) ascii = false;
  }
  if (!ascii) {
    if (!text.isWellFormed()) return 'topic.bad-character';
    if (Buffer.byteLength(text) > TOPIC_BYTES_MAX) return 'topic.too-long';
  }
  return levels > TOPIC_LEVELS_MAX ? 'topic.too-deep' : null;
}
