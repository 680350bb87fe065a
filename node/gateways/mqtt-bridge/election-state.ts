/** What a node says of itself to the others that have the same bridge. */
export interface Announcement {
  readonly node: string;
  /** One life of the bridge's process; never ordered. */
  readonly run: string;
  /** Grows with each announcement of a run. */
  readonly n: number;
  /** It reaches the broker. */
  readonly linked: boolean;
  readonly carrying: boolean;
}

/** What changes who carries. */
export type ElectionEvent =
  | { readonly kind: 'link'; readonly up: boolean }
  | { readonly kind: 'announced'; readonly announcement: Announcement };

/** Options of an {@link ElectionState}. */
export interface ElectionOptions {
  readonly self: string;
  /** How long a node counts after it was last heard to go on, by the clock here alone. */
  readonly leaseMs: number;
  /** How long nobody is elected after the start, so that who carries already is heard. */
  readonly settleMs: number;
}

interface Other {
  readonly announcement: Announcement;
  readonly heardAtMs: number;
}

/** More are not remembered; the one heard longest ago goes. */
const OTHERS_MAX = 256;

/**
 * Who of the nodes with the same bridge carries. Whoever carries goes on while it reaches the broker and makes
 * progress; of two that carry, as after a partition, the one with the lower id goes on; where none does, the lowest
 * id among those that reach the broker begins. A node that is not heard does not count: each part of a partition has
 * its carrier.
 */
export class ElectionState {
  readonly #options: ElectionOptions;
  readonly #others = new Map<string, Other>();
  readonly #settledAtMs: number;
  #linked = false;
  #carrying = false;

  constructor(options: ElectionOptions, nowMs: number) {
    this.#options = options;
    this.#settledAtMs = nowMs + options.settleMs;
  }

  get carrying(): boolean {
    return this.#carrying;
  }

  get linked(): boolean {
    return this.#linked;
  }

  /** Whether other nodes with the bridge are heard. */
  hasCompany(nowMs: number): boolean {
    return this.#present(nowMs).length > 0;
  }

  /** The node that carries as far as is known here; `null` if none does. */
  carrier(nowMs: number): string | null {
    if (this.#carrying) return this.#options.self;
    const carrying = this.#present(nowMs).filter((one) => one.carrying);
    return carrying.map(({ node }) => node).sort()[0] ?? null;
  }

  /** Takes in what happened. Returns whether this node carries now. */
  handle(event: ElectionEvent, nowMs: number): boolean {
    if (event.kind === 'link') this.#linked = event.up;
    else this.#hear(event.announcement, nowMs);
    return this.decide(nowMs);
  }

  /** Decides anew; also to be asked as time goes by, since leases end. */
  decide(nowMs: number): boolean {
    this.#carrying = this.#linked && this.#shallCarry(nowMs);
    return this.#carrying;
  }

  #shallCarry(nowMs: number): boolean {
    const { self } = this.#options;
    const others = this.#present(nowMs);
    if (this.#carrying) return !others.some((one) => one.carrying && one.node < self);
    if (nowMs < this.#settledAtMs || others.some((one) => one.carrying)) return false;
    return others.every((one) => !one.linked || self < one.node);
  }

  #hear(announcement: Announcement, nowMs: number): void {
    const { node } = announcement;
    if (node === this.#options.self) return;
    const before = this.#others.get(node)?.announcement;
    // The same once more, or an older one that came late, is no progress.
    if (before?.run === announcement.run && before.n >= announcement.n) return;
    this.#others.delete(node);
    this.#others.set(node, { announcement, heardAtMs: nowMs });
    if (this.#others.size > OTHERS_MAX) this.#others.delete(this.#others.keys().next().value!);
  }

  #present(nowMs: number): Announcement[] {
    return [...this.#others.values()]
      .filter(
        ({ announcement, heardAtMs }) => announcement.linked && nowMs - heardAtMs < this.#options.leaseMs,
      )
      .map(({ announcement }) => announcement);
  }
}
