import { SedgeError } from '../../src/index.ts';

/** Throws `simulation.violated` unless what a scenario is about really happened, or holds. */
export function really(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new SedgeError('simulation.violated', { violated: `not so: ${sentence}` });
}
