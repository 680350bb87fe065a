import type { Checker } from '../world/checker.ts';

/** What must hold after every scenario, a file each. */
export const CHECKERS: readonly Checker[] = Object.freeze([]);
