import { ERROR_TABLE, type ErrorCode } from './error-table.ts';

/** Facts that belong to a failure. Never keys, tokens or payloads. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

/** An operating error: something outside went wrong, and the caller is told what and what next. */
export class SedgeError extends Error {
  override readonly name = 'SedgeError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options: { cause?: unknown } = {}) {
    super(describeError(code, details), options);
    this.code = code;
    this.details = details;
  }

  /** What a person does next. */
  get next(): string {
    return ERROR_TABLE[this.code].next;
  }
}

/** Meaning and details of a failure as one sentence for people. */
export function describeError(code: ErrorCode, details: ErrorDetails = {}): string {
  const facts = Object.entries(details).map(([name, value]) => `${name}: ${value}`);
  const meaning = ERROR_TABLE[code].meaning;
  return facts.length === 0 ? meaning : `${meaning.replace(/\.$/, '')} (${facts.join(', ')}).`;
}

/** True if `error` is a {@link SedgeError}, of the code if one is given. */
export function isSedgeError(error: unknown, code?: ErrorCode): error is SedgeError {
  return error instanceof SedgeError && (code === undefined || error.code === code);
}
