import { isSedgeError, SedgeError } from '../errors/index.ts';

/** Turns what a disk threw into sedge's error: `journal.disk-full` or `journal.io-failed`. */
export function journalFailure(error: unknown, file: string): SedgeError {
  if (isSedgeError(error)) return error;
  const code = systemCodeOf(error);
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new SedgeError(
    full ? 'journal.disk-full' : 'journal.io-failed',
    { file, cause: code },
    { cause: error },
  );
}

/** The system's code of a failure, such as `ENOENT`; `unknown` where there is none. */
export function systemCodeOf(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : 'unknown';
}
