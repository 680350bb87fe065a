/** Where a message stands in its author's log. */
export interface LogPlace {
  readonly author: string;
  readonly channel: string;
  readonly epoch: string;
  readonly seq: number;
}

/** How far a log went out: up to `seq`, but for the holes, each `[first, last]`. */
export interface LogReach extends LogPlace {
  readonly holes: readonly (readonly [number, number])[];
}

/** Logs that are remembered; of others a hand-over may repeat messages. */
const LOGS_MAX = 10_000;
/** Holes of a log; of more, the lowest is taken for filled. */
const HOLES_MAX = 64;

/** Up to where each log went out to the broker, as far as it is known here. */
export class ProgressState {
  readonly #logs = new Map<string, LogReach>();
  readonly #changed = new Set<string>();

  /** Whether a message went out already. */
  covers(place: LogPlace): boolean {
    const reach = this.#logs.get(keyOf(place));
    if (reach === undefined || place.seq > reach.seq) return false;
    return !reach.holes.some(([first, last]) => first <= place.seq && place.seq <= last);
  }

  /** The message went out from here, and all wanted ones before it in its log but for its holes. */
  advance(place: LogPlace): void {
    const { seq, holes } = this.#reachOf(place);
    this.#set({
      ...place,
      seq: Math.max(seq, place.seq),
      holes: holes.flatMap((hole) => without(hole, place.seq)),
    });
    this.#changed.add(keyOf(place));
  }

  /** Numbers that could not be had here, and may come later. */
  skip(place: LogPlace, last: number): void {
    const { seq, holes } = this.#reachOf(place);
    const grown = [...holes, [place.seq, last] as const].slice(-HOLES_MAX);
    this.#set({ ...place, seq: Math.max(seq, last), holes: grown });
    this.#changed.add(keyOf(place));
  }

  /** Another node says how far it got. */
  hear(reach: LogReach): void {
    if (reach.seq < this.#reachOf(reach).seq) return;
    this.#set({ ...reach, holes: reach.holes.slice(-HOLES_MAX) });
  }

  /** What moved on here and was not taken before, at most `max` logs. */
  takeChanged(max: number): LogReach[] {
    const keys = [...this.#changed].slice(0, max);
    for (const key of keys) this.#changed.delete(key);
    return keys.map((key) => this.#logs.get(key)!);
  }

  #reachOf(place: LogPlace): LogReach {
    return this.#logs.get(keyOf(place)) ?? { ...place, seq: 0, holes: [] };
  }

  #set({ author, channel, epoch, seq, holes }: LogReach): void {
    const key = keyOf({ author, channel, epoch, seq });
    this.#logs.delete(key);
    this.#logs.set(key, { author, channel, epoch, seq, holes });
    if (this.#logs.size <= LOGS_MAX) return;
    const oldest = this.#logs.keys().next().value!;
    this.#logs.delete(oldest);
    this.#changed.delete(oldest);
  }
}

function keyOf({ author, channel, epoch }: LogPlace): string {
  return `${author}/${channel}/${epoch}`;
}

/** A hole without one of its numbers. */
function without(hole: readonly [number, number], seq: number): (readonly [number, number])[] {
  const [first, last] = hole;
  if (seq < first || seq > last) return [hole];
  const parts = [[first, seq - 1] as const, [seq + 1, last] as const];
  return parts.filter(([from, to]) => from <= to);
}
