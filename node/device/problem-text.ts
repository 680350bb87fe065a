import { ERROR_TABLE, type ErrorCode } from '../../src/errors/index.ts';

/** What keeps a port from being used, and below it what to do. */
export function problemText({ code, detail }: { readonly code: string; readonly detail: string }): string {
  const known = Object.hasOwn(ERROR_TABLE, code) ? ERROR_TABLE[code as ErrorCode] : null;
  if (known === null) return `${code} ${detail}`.trim();
  return `${known.meaning}\n  ${known.next}`;
}
