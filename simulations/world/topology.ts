import { SedgeError } from '../../src/index.ts';
import type { SeededRandom } from './seeded-random.ts';

/** Who is linked to whom, by place in the list of nodes. */
export type Topology = (
  nodes: readonly string[],
  random: SeededRandom,
) => readonly (readonly [string, string])[];

/** No links; `mend` makes them one by one. */
export function none(): Topology {
  return () => [];
}

/** Each node linked to the next. */
export function line(): Topology {
  return (nodes) => nodes.slice(1).map((node, index) => [nodes[index]!, node]);
}

/** A line whose ends are linked too. */
export function ring(): Topology {
  return (nodes, random) => {
    const links = [...line()(nodes, random)];
    return nodes.length > 2 ? [...links, [nodes.at(-1)!, nodes[0]!]] : links;
  };
}

/** The first node linked to all others. */
export function star(): Topology {
  return ([hub, ...rest]) => rest.map((node) => [node, hub!]);
}

/** Every node linked to every other. */
export function full(): Topology {
  return (nodes) => nodes.flatMap((a, index) => nodes.slice(index + 1).map((b): [string, string] => [a, b]));
}

/** Rows of `width` nodes, each linked to its neighbours in the row and the column. `width * height` is the number of nodes. */
export function grid(width: number, height: number): Topology {
  return (nodes) => {
    if (nodes.length !== width * height) {
      throw new SedgeError('simulation.bad-option', {
        topology: `grid(${width}, ${height})`,
        nodes: nodes.length,
      });
    }
    return nodes.flatMap((node, index): [string, string][] => [
      ...((index + 1) % width === 0 ? [] : [[node, nodes[index + 1]!] as [string, string]]),
      ...(index + width < nodes.length ? [[node, nodes[index + width]!] as [string, string]] : []),
    ]);
  };
}

/**
 * Nodes strewn over a square of side 1, linked where they are at most `radius` apart, as radios are; parts that lie
 * apart are linked by the shortest gap between them, so that the mesh is one.
 */
export function randomGeometric({ radius }: { readonly radius: number }): Topology {
  return (nodes, random) => {
    const places = nodes.map(() => [random.next(), random.next()] as const);
    const parts = new Parts(nodes.length);
    const pairs = places.flatMap(([x, y], a) =>
      places.slice(a + 1).map(([u, v], index) => ({ a, b: a + 1 + index, apart: Math.hypot(x - u, y - v) })),
    );
    const near = pairs.filter(({ apart }) => apart <= radius);
    for (const { a, b } of near) parts.join(a, b);
    const bridges = pairs
      .filter(({ apart }) => apart > radius)
      .sort((p, q) => p.apart - q.apart)
      .filter(({ a, b }) => parts.join(a, b));
    return [...near, ...bridges].map(({ a, b }): [string, string] => [nodes[a]!, nodes[b]!]);
  };
}

/** Each node linked to `degree` / 2 further ones by chance, and all in a ring: short ways, few links. */
export function randomLinks({ degree }: { readonly degree: number }): Topology {
  return (nodes, chance) => {
    const links = new Map(ring()(nodes, chance).map((link) => [[...link].sort().join(' '), link]));
    const most = Math.min((nodes.length * degree) / 2, (nodes.length * (nodes.length - 1)) / 2);
    while (links.size < most) {
      const [a, b] = [nodes[chance.below(nodes.length)]!, nodes[chance.below(nodes.length)]!];
      if (a !== b) links.set([a, b].sort().join(' '), [a, b]);
    }
    return [...links.values()];
  };
}

/** The links of a list. */
export function links(pairs: readonly (readonly [string, string])[]): Topology {
  return (nodes) => {
    const unknown = pairs.flat().find((name) => !nodes.includes(name));
    if (unknown !== undefined) throw new SedgeError('simulation.unknown-node', { node: unknown });
    return pairs;
  };
}

/** Disjoint sets that grow together. */
export class Parts {
  readonly #parents: number[];

  constructor(size: number) {
    this.#parents = Array.from({ length: size }, (_, index) => index);
  }

  of(item: number): number {
    let root = item;
    while (this.#parents[root] !== root) root = this.#parents[root]!;
    this.#parents[item] = root;
    return root;
  }

  /** `false` if both were in one set before. */
  join(a: number, b: number): boolean {
    const [rootA, rootB] = [this.of(a), this.of(b)];
    this.#parents[rootA] = rootB;
    return rootA !== rootB;
  }
}
