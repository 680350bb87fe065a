import { authorOrder } from './author-order.ts';
import { boundedMemoryAndDisk } from './bounded-memory-and-disk.ts';
import type { EvidenceChecker } from './evidence-checker.ts';
import { headsConverge } from './heads-converge.ts';
import { noDuplicate } from './no-duplicate.ts';
import { noGapUnreported } from './no-gap-unreported.ts';
import { noNumberTwice } from './no-number-twice.ts';
import { nothingLost } from './nothing-lost.ts';
import { nothingUnauthorised } from './nothing-unauthorised.ts';

/** What must hold after every scenario, a file each. */
export const CHECKERS: readonly EvidenceChecker[] = Object.freeze([
  nothingLost,
  noDuplicate,
  authorOrder,
  headsConverge,
  noGapUnreported,
  noNumberTwice,
  nothingUnauthorised,
  boundedMemoryAndDisk,
]);
