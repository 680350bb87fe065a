import type { Contact, ContactTrace } from './contact-trace.ts';

/** When and where a message comes into the world. */
export interface Origin {
  readonly timeMs: number;
  /** Place in the nodes of the trace. */
  readonly node: number;
}

/** What counts as a contact. */
export interface ReachabilityOptions {
  /** Shorter contacts carry nothing. @defaultValue 0 */
  readonly contactMsMin?: number;
  /** A contact ends for what comes so shortly before its end, milliseconds. @defaultValue 0 */
  readonly spareMs?: number;
  /**
   * Whether a contact still carries what comes at the very moment of its end. A real link may or may not.
   * @defaultValue `'lost'`
   */
  readonly atTheEnd?: 'lost' | 'carried';
}

/** Which message can be where, and from when on. */
export class Reachability {
  readonly #arrivalsMs: Float64Array;
  readonly #nodes: number;
  /** Pairs of a message and a node that it reaches, its author's own included. */
  readonly count: number;

  constructor(arrivalsMs: Float64Array, nodes: number) {
    this.#arrivalsMs = arrivalsMs;
    this.#nodes = nodes;
    this.count = arrivalsMs.reduce((sum, timeMs) => sum + (timeMs < Number.POSITIVE_INFINITY ? 1 : 0), 0);
  }

  /** Earliest time at which a message can be at a node; infinite where no chain of contacts leads there. */
  arrivalMs(message: number, node: number): number {
    return this.#arrivalsMs[message * this.#nodes + node]!;
  }

  reaches(message: number, node: number): boolean {
    return this.arrivalMs(message, node) < Number.POSITIVE_INFINITY;
  }
}

/**
 * Earliest arrival of every message at every node over a temporal graph: a message is handed on at once over
 * every contact that is there, and kept for those that come. Knows nothing of sedge: it says what a trace makes
 * possible, and the replay is held to it.
 *
 * Nodes that are connected at a moment hold the same messages. So a sweep over time needs only to unite the
 * sets of two components when a contact joins them, one bit a message.
 */
export function reachability(
  trace: ContactTrace,
  origins: readonly Origin[],
  options: ReachabilityOptions = {},
): Reachability {
  const sweep = new Sweep(trace.nodes.length, origins.length);
  for (const event of eventsOf(trace.contacts, origins, options)) {
    if (event.kind === 'up') sweep.join(event.contact.a, event.contact.b, event.timeMs);
    else if (event.kind === 'down') sweep.part(event.contact.a, event.contact.b);
    else sweep.publish(event.message, event.node, event.timeMs);
  }
  return new Reachability(sweep.arrivalsMs, trace.nodes.length);
}

type SweepEvent =
  | { readonly kind: 'up'; readonly timeMs: number; readonly contact: Contact }
  | { readonly kind: 'down'; readonly timeMs: number; readonly contact: Contact }
  | { readonly kind: 'publish'; readonly timeMs: number; readonly message: number; readonly node: number };

function eventsOf(
  contacts: readonly Contact[],
  origins: readonly Origin[],
  { contactMsMin = 0, spareMs = 0, atTheEnd = 'lost' }: ReachabilityOptions,
): SweepEvent[] {
  const order = atTheEnd === 'lost' ? ['down', 'up', 'publish'] : ['up', 'publish', 'down'];
  const events: SweepEvent[] = origins.map(({ timeMs, node }, message) => ({
    kind: 'publish',
    timeMs,
    message,
    node,
  }));
  for (const contact of contacts) {
    const { startMs } = contact;
    const endMs = contact.endMs - spareMs;
    if (contact.endMs - startMs < contactMsMin || endMs < startMs) continue;
    if (startMs === endMs && atTheEnd === 'lost') continue;
    events.push({ kind: 'up', timeMs: startMs, contact }, { kind: 'down', timeMs: endMs, contact });
  }
  return events.sort((x, y) => x.timeMs - y.timeMs || order.indexOf(x.kind) - order.indexOf(y.kind));
}

class Sweep {
  readonly arrivalsMs: Float64Array;
  readonly #nodes: number;
  readonly #words: number;
  /** A bit a message, a row a node. */
  readonly #held: Uint32Array;
  readonly #neighbours: Set<number>[];

  constructor(nodes: number, messages: number) {
    this.arrivalsMs = new Float64Array(nodes * messages).fill(Number.POSITIVE_INFINITY);
    this.#nodes = nodes;
    this.#words = Math.ceil(messages / 32);
    this.#held = new Uint32Array(nodes * this.#words);
    this.#neighbours = Array.from({ length: nodes }, () => new Set());
  }

  publish(message: number, node: number, timeMs: number): void {
    for (const place of this.#component(node)) {
      this.#held[place * this.#words + (message >>> 5)]! |= 1 << (message & 31);
      this.arrivalsMs[message * this.#nodes + place] = timeMs;
    }
  }

  join(a: number, b: number, timeMs: number): void {
    const left = this.#component(a);
    if (!left.includes(b)) {
      const right = this.#component(b);
      const [toLeft, toRight] = [this.#missing(a, b), this.#missing(b, a)];
      for (const node of left) this.#give(node, toLeft, timeMs);
      for (const node of right) this.#give(node, toRight, timeMs);
    }
    this.#neighbours[a]!.add(b);
    this.#neighbours[b]!.add(a);
  }

  part(a: number, b: number): void {
    this.#neighbours[a]!.delete(b);
    this.#neighbours[b]!.delete(a);
  }

  /** Words of a row, and what `other` has in them that `node` has not. */
  #missing(node: number, other: number): (readonly [word: number, bits: number])[] {
    const missing: [number, number][] = [];
    for (let word = 0; word < this.#words; word++) {
      const bits = this.#held[other * this.#words + word]! & ~this.#held[node * this.#words + word]!;
      if (bits !== 0) missing.push([word, bits]);
    }
    return missing;
  }

  #give(node: number, missing: readonly (readonly [number, number])[], timeMs: number): void {
    for (const [word, bits] of missing) {
      this.#held[node * this.#words + word]! |= bits;
      for (let rest = bits; rest !== 0; rest &= rest - 1) {
        const message = word * 32 + (31 - Math.clz32(rest & -rest));
        this.arrivalsMs[message * this.#nodes + node] = timeMs;
      }
    }
  }

  #component(node: number): number[] {
    const reached = new Set([node]);
    for (const place of reached) for (const next of this.#neighbours[place]!) reached.add(next);
    return [...reached];
  }
}
