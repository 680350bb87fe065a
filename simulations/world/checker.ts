import type { SimulatedMesh } from './simulated-mesh.ts';

/** Something that must hold and does not. */
export interface Violation {
  /** Name of the checker. */
  readonly checker: string;
  /** Where; absent for the whole mesh. */
  readonly node?: string;
  /** What is wrong, for people. */
  readonly sentence: string;
}

/** Looks at a simulated mesh, its history and what its nodes hold, and says what is wrong. Changes nothing. */
export interface Checker {
  readonly name: string;
  check(mesh: SimulatedMesh): readonly Violation[] | Promise<readonly Violation[]>;
}
