import type { ErrorCode } from './error-table.ts';
import type { ErrorDetails } from './sedge-error.ts';

/** Bad input from outside: a value with a code, never thrown across a module. */
export interface Refusal {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly details?: ErrorDetails;
}

/** Either a value or the reason why there is none. */
export type Result<T> = { readonly ok: true; readonly value: T } | Refusal;

/** Wraps a value as a {@link Result}. */
export function accept<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** Says why there is no value. */
export function refuse(code: ErrorCode, details?: ErrorDetails): Refusal {
  return details === undefined ? { ok: false, code } : { ok: false, code, details };
}
