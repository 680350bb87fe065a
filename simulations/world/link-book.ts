import type { LinkState, VirtualNetwork } from './virtual-network.ts';

/** What was done to the link of two nodes. */
interface Pair {
  readonly a: string;
  readonly b: string;
  cut: boolean;
  /** Separated by a partition: `null` if not. */
  separated: 'down' | 'silent' | null;
  /** Packets vanish, from a to b and from b to a. */
  readonly silent: [boolean, boolean];
}

/** The links of a simulated mesh: what was done to each, and what that makes of its state. */
export class LinkBook {
  readonly #network: VirtualNetwork;
  readonly #pairs = new Map<string, Pair>();

  constructor(network: VirtualNetwork) {
    this.#network = network;
  }

  /** Pairs that have a link, whatever its state. */
  *pairs(): IterableIterator<readonly [string, string]> {
    for (const { a, b } of this.#pairs.values()) yield [a, b];
  }

  /** Nodes that a node has a link with. */
  neighbours(node: string): string[] {
    return [...this.pairs()].flatMap(([a, b]) => (a === node ? [b] : b === node ? [a] : []));
  }

  /** True if packets pass both ways. */
  isOpen(a: string, b: string): boolean {
    return this.#network.stateOf(a, b) === 'up' && this.#network.stateOf(b, a) === 'up';
  }

  /** Makes a link; `false` if there was one. It is up unless that is said. */
  add(a: string, b: string, cut = false): boolean {
    if (this.#pairs.has(keyOf(a, b))) return false;
    const pair: Pair = { a, b, cut, separated: null, silent: [false, false] };
    this.#pairs.set(keyOf(a, b), pair);
    this.#apply(pair);
    return true;
  }

  /** Cuts a link or mends it, in whatever way it was broken. */
  setCut(a: string, b: string, cut: boolean): void {
    const pair = this.#pair(a, b);
    pair.cut = cut;
    if (!cut) {
      pair.separated = null;
      pair.silent.fill(false);
    }
    this.#apply(pair);
  }

  /** Packets from one node to another vanish, or no longer do. */
  setSilent(from: string, to: string, silent: boolean): void {
    const pair = this.#pair(from, to);
    pair.silent[pair.a === from ? 0 : 1] = silent;
    this.#apply(pair);
  }

  /** Separates the groups; nodes that are in none are a group together. */
  partition(groups: readonly (readonly string[])[], state: 'down' | 'silent'): void {
    const groupOf = (node: string) => groups.findIndex((group) => group.includes(node));
    for (const pair of this.#pairs.values()) {
      pair.separated = groupOf(pair.a) === groupOf(pair.b) ? null : state;
      this.#apply(pair);
    }
  }

  /** Undoes partitions and silence; links that were cut stay so. */
  heal(): void {
    for (const pair of this.#pairs.values()) {
      pair.separated = null;
      pair.silent.fill(false);
      this.#apply(pair);
    }
  }

  #pair(a: string, b: string): Pair {
    this.add(a, b);
    return this.#pairs.get(keyOf(a, b))!;
  }

  #apply(pair: Pair): void {
    const { a, b, cut, separated, silent } = pair;
    if (cut || separated === 'down') {
      this.#network.setState(a, b, 'down');
      return;
    }
    const stateOf = (gone: boolean): LinkState => (gone || separated === 'silent' ? 'silent' : 'up');
    this.#network.setState(a, b, stateOf(silent[0]));
    this.#network.setState(b, a, stateOf(silent[1]));
  }
}

function keyOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
