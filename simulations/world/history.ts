import { createHash } from 'node:crypto';

/** What happened in a simulated mesh. Names of nodes are those of the mesh; `t` is in seconds since it was ready. */
export interface HistoryEvent {
  readonly t: number;
  readonly event:
    | 'publish'
    | 'delivery'
    | 'gap'
    | 'up'
    | 'down'
    | 'start'
    | 'stop'
    | 'crash'
    | 'partition'
    | 'heal'
    | 'cut'
    | 'mend'
    | 'one-way'
    | 'black-hole'
    | 'wipe'
    | 'clone'
    | 'restore'
    | 'hostile';
  /** Where it happened; empty for the whole mesh. */
  readonly node: string;
  /** The other end of a link. */
  readonly peer?: string;
  readonly author?: string;
  readonly channel?: string;
  readonly epoch?: string;
  readonly seq?: number;
  readonly topic?: string;
  /** What tells the payload from others; see `contentOf`. */
  readonly content?: string;
  /** A delivery that filled a gap reported before. */
  readonly late?: boolean;
  /** First and last number of a gap. */
  readonly first?: number;
  readonly last?: number;
  /** The subscription of the node, by order of subscribing. */
  readonly subscription?: number;
  /** It, or something of a gap, was handed out and not acknowledged when a reader ended: it may come again. */
  readonly again?: boolean;
  /** What the message was in an epoch of its author that ended in a fork. */
  readonly was?: { readonly epoch: string; readonly seq: number };
  /** Further facts, for people. */
  readonly detail?: string;
}

const LINES_AT_ONCE = 256;

/** All that happened, in order, and its digest. */
export class History {
  readonly #keep: boolean;
  readonly #onEvent: ((event: HistoryEvent) => void) | undefined;
  readonly #hash = createHash('sha256');
  #lines: string[] = [];
  /** The events; empty where they are not kept. */
  readonly events: HistoryEvent[] = [];
  /** How many there were. */
  count = 0;

  constructor(options: {
    readonly keep: boolean;
    readonly onEvent?: ((event: HistoryEvent) => void) | undefined;
  }) {
    this.#keep = options.keep;
    this.#onEvent = options.onEvent;
  }

  add(event: HistoryEvent): void {
    this.count++;
    if (this.#keep) this.events.push(event);
    this.#onEvent?.(event);
    if (this.#lines.push(JSON.stringify(event)) >= LINES_AT_ONCE) this.#hashLines();
  }

  /** SHA-256 over the events as JSON lines, hexadecimal. */
  digest(): string {
    this.#hashLines();
    return this.#hash.copy().digest('hex');
  }

  #hashLines(): void {
    if (this.#lines.length > 0) this.#hash.update(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
  }
}
