/** How much a client may do. */
export interface RateOptions {
  /** Things a second on average. */
  readonly perSecond: number;
  /** Things at once. */
  readonly burst: number;
}

/** What is left to a client. */
export interface RateLeft {
  readonly allowed: boolean;
  /** Things that may follow at once. */
  readonly left: number;
  /** Whole seconds until one more is allowed; 0 where one is. */
  readonly waitSeconds: number;
}

interface Bucket {
  left: number;
  atMs: number;
}

/** Clients that are remembered; of more, those that were longest away begin anew. */
const CLIENTS_MAX = 4_096;

/** How much each client did of late, by its name. A bucket each that fills with time. Pure. */
export class ClientRates {
  readonly #options: RateOptions;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateOptions) {
    this.#options = options;
  }

  /** Takes `count` of a client's share, if it has so much; of more than there can ever be, all. */
  take(client: string, nowMs: number, count = 1): RateLeft {
    const { perSecond, burst } = this.#options;
    const bucket = this.#bucketOf(client, nowMs);
    const passedMs = Math.max(0, nowMs - bucket.atMs);
    bucket.left = Math.min(burst, bucket.left + (passedMs / 1_000) * perSecond);
    // A clock that was set back starts to count anew.
    bucket.atMs = nowMs;
    const needed = Math.min(count, burst);
    const allowed = bucket.left >= needed;
    if (allowed) bucket.left -= needed;
    const waitSeconds = allowed ? 0 : Math.ceil((needed - bucket.left) / perSecond);
    return { allowed, left: Math.floor(bucket.left), waitSeconds };
  }

  #bucketOf(client: string, nowMs: number): Bucket {
    const known = this.#buckets.get(client);
    if (known !== undefined) {
      // Last in the map is who came last, so that the first is who makes room.
      this.#buckets.delete(client);
      this.#buckets.set(client, known);
      return known;
    }
    if (this.#buckets.size >= CLIENTS_MAX) this.#buckets.delete(this.#buckets.keys().next().value!);
    const bucket = { left: this.#options.burst, atMs: nowMs };
    this.#buckets.set(client, bucket);
    return bucket;
  }
}
