import type { SimulatedMesh } from '../world/simulated-mesh.ts';

/**
 * What the running nodes say of the forked epochs of an author: a text for each different answer, so one in all where they
 * agree; none where no node knows of a fork.
 */
export function forkedAt(mesh: SimulatedMesh, author: string): string[] {
  const { id } = mesh.node(author);
  const answers = mesh.nodes
    .filter(({ running }) => running)
    .map((node) =>
      node.mesh
        .forks()
        .filter((fork) => fork.author === id)
        .map(({ channel, epoch, end }) => `${channel} ${epoch} ${end}`)
        .sort()
        .join(', '),
    );
  return [...new Set(answers)].filter((text) => text !== '' || new Set(answers).size > 1);
}
