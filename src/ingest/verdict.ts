import type { ErrorCode } from '../errors/index.ts';
import type { StoredEntry } from '../journal/index.ts';

/**
 * What became of an entry that was offered:
 * `stored` (new, verified, in the journal), `known` (held before), `parked` (its author's grant is unknown),
 * `relayed` (valid, of a channel that is not carried here), `refused` (with the reason, counted).
 */
export type Verdict =
  | { readonly kind: 'stored'; readonly stored: StoredEntry }
  | { readonly kind: 'known' }
  | { readonly kind: 'parked' }
  | { readonly kind: 'relayed' }
  | { readonly kind: 'refused'; readonly code: ErrorCode };
