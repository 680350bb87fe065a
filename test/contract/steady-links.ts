import type { LinkConditions, LinkState } from '../../simulations/world/link-conditions.ts';

/** Links of one latency between all hosts, whose state tests set. */
export class SteadyLinks implements LinkConditions {
  readonly #latencyMs: number;
  readonly #states = new Map<string, LinkState>();
  readonly #listeners = new Set<(a: string, b: string) => void>();

  constructor(latencyMs: number) {
    this.#latencyMs = latencyMs;
  }

  state(from: string, to: string): LinkState {
    return this.#states.get(`${from} ${to}`) ?? 'open';
  }

  send(): number {
    return this.#latencyMs;
  }

  onChange(listener: (a: string, b: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sets both directions. */
  set(a: string, b: string, state: LinkState): void {
    this.setOneWay(a, b, state);
    this.setOneWay(b, a, state);
  }

  setOneWay(from: string, to: string, state: LinkState): void {
    this.#states.set(`${from} ${to}`, state);
    for (const listener of this.#listeners) listener(from, to);
  }
}
