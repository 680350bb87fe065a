/** Options of a mesh node. */
export interface MeshOptions {
  /** The node's directory, made by `initRealmDirectory` or `joinRealmDirectory`. */
  readonly directory: string;
  /**
   * Groups fsyncs, milliseconds, 0 to 60,000. Each commit costs a flash page or more: on SD cards 1,000 wears
   * them far less, and `durable` then takes up to a second. @defaultValue 0: as soon as the one before ended
   */
  readonly commitIntervalMs?: number;
  /**
   * When the node tells the realm its grants: at its first start, so that its name is known everywhere, or with its
   * first message. In meshes of thousands, most of which only listen and carry, the latter spares every node the
   * grants of every other. @defaultValue `'start'`
   */
  readonly introduce?: 'start' | 'publish';
  /** See `SyncOptions`; for tests and simulations. */
  readonly sync?: {
    readonly helloIntervalMs?: number;
    readonly holeDelayMs?: number;
    readonly helloPauseMs?: number;
    readonly pullStallMs?: number;
  };
  /** For tests and simulations. */
  readonly forks?: {
    /** Longest time before a fork that was found is reported, milliseconds. @defaultValue 1,000: another may be faster */
    readonly reportDelayMs?: number;
    /**
     * How long the end of an own epoch must not have sunk before what was lost is published again, milliseconds.
     * @defaultValue 2,000: the lowest end is searched for meanwhile
     */
    readonly settleMs?: number;
    /**
     * How much later what this store did not write is published again, from its own disk and from peers,
     * milliseconds. @defaultValue 30,000: a clone that lives publishes its own again by then
     */
    readonly restMs?: number;
  };
}

/** Longest commit interval, milliseconds. */
export const COMMIT_INTERVAL_MS_MAX = 60_000;
