import type { SimulatedMesh } from '../world/simulated-mesh.ts';
import type { SimulatedMeshOptions } from '../world/simulated-mesh-options.ts';

/** What the nodes of a scenario are connected by. */
export type ScenarioOverlay = 'model' | 'libp2p';

/** What a scenario works with. */
export interface ScenarioContext {
  /** Decides all chance. A scenario that makes choices of its own draws them from it. */
  readonly seed: number;
  readonly overlay: ScenarioOverlay;
  /** What `--nodes` asks for; `null` for the scenario's own number. */
  readonly nodes: number | null;
  /**
   * Makes the mesh, with this run's seed and overlay. The runner watches it, holds it to all checkers once the
   * scenario is through, and stops it.
   */
  mesh(options: Omit<SimulatedMeshOptions, 'seed' | 'overlay'>): Promise<SimulatedMesh>;
}

/** Something that happens in the field, played on simulated nodes. */
export interface Scenario {
  /** As it is typed: words with hyphens. */
  readonly name: string;
  /** What happens and what must hold, in one sentence. */
  readonly summary: string;
  /** How much virtual time it takes, for people. */
  readonly durationText: string;
  /** Both where it takes less than ten virtual minutes; longer ones run on the model overlay. */
  readonly overlays: readonly ScenarioOverlay[];
  /**
   * Plays it: faults first, then an end of all faults and `converged`. Throws where what it is about does not
   * hold; what must hold everywhere is left to the checkers.
   */
  run(context: ScenarioContext): Promise<void>;
}
