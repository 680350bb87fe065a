import type { Checker, Violation } from '../world/checker.ts';
import { evidenceOf, type RunEvidence } from './run-evidence.ts';

/** A checker that judges by {@link RunEvidence} alone. */
export interface EvidenceChecker extends Checker {
  /** What is wrong; at most {@link VIOLATIONS_MAX} are told. */
  examine(evidence: RunEvidence): readonly Violation[];
}

/** Violations that a checker tells of; more say nothing new. */
export const VIOLATIONS_MAX = 20;

/** Makes one of a function that yields sentences, with the node that each is about. */
export function evidenceChecker(
  name: string,
  find: (evidence: RunEvidence) => Iterable<readonly [node: string | null, sentence: string]>,
): EvidenceChecker {
  const examine = (evidence: RunEvidence): Violation[] => {
    const violations: Violation[] = [];
    for (const [node, sentence] of find(evidence)) {
      violations.push({ checker: name, sentence, ...(node === null ? {} : { node }) });
      if (violations.length >= VIOLATIONS_MAX) break;
    }
    return violations;
  };
  return { name, examine, check: async (mesh) => examine(await evidenceOf(mesh)) };
}
