/** What one check of `sedge doctor` found. */
export interface Finding {
  /** What was looked at, a word or two. */
  readonly check: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly sentence: string;
  /** What to do, where something is to be done. */
  readonly next?: string;
  /** Code of the error table, where it is about one. */
  readonly code?: string;
}

/** A check that found nothing wrong. */
export function ok(check: string, sentence: string): Finding {
  return { check, level: 'ok', sentence };
}

/** A check that found something to look at. */
export function warn(check: string, sentence: string, next: string): Finding {
  return { check, level: 'warn', sentence, next };
}

/** A check that found something that keeps sedge from working. */
export function fail(check: string, sentence: string, next: string): Finding {
  return { check, level: 'fail', sentence, next };
}
