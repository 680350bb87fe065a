import type { LogId } from '../entry/index.ts';
import type { Log } from '../errors/index.ts';
import type {
  AgeClock,
  ChannelJournal,
  Disk,
  RetentionContext,
  RetentionLimits,
  SeqRange,
} from '../journal/index.ts';
import { ALERTS_CHANNEL, type ChannelPolicy, REALM_CHANNEL, type Realm } from '../realm/index.ts';
import { shareStorage } from './storage-shares.ts';

/** Options of {@link StorageKeeper}. */
export interface StorageKeeperOptions {
  /** The node's directory. */
  readonly directory: string;
  /** By channel; each setting goes before the realm's. */
  readonly retention: Readonly<Record<string, ChannelPolicy>>;
  /** Bytes that all journals together may take; `null` for no limit. */
  readonly storageBytesMax: number | null;
  readonly retentionIntervalMs: number;
}

/** What {@link StorageKeeper} works with. */
export interface StorageKeeperDependencies {
  readonly journals: ReadonlyMap<string, ChannelJournal>;
  readonly realm: Realm;
  readonly clock: AgeClock;
  readonly disk: Disk;
  readonly log: Log;
  /** True if another node is known to hold these own numbers durably. */
  readonly isHeldElsewhere: (channel: string, log: LogId, range: SeqRange) => boolean;
  /** Each look begins with this. */
  readonly onLook: () => void;
  /** Something was let go. */
  readonly onDropped: () => void;
}

/** Own entries that nobody else holds may take this beyond the limits of a channel. */
const RESERVE_BYTES_MAX = 64 * 1024 * 1024;
/** The same as a part of its limit, or of its part of the storage. */
const RESERVE_PART = 1 / 4;
/** A segment takes at most this part of a channel's limit, so that dropping one does not drop most. */
const SEGMENT_PART = 1 / 8;
const SEGMENT_BYTES_MAX = 8 * 1024 * 1024;
/** After so many bytes, as a part of the least limit, the limits are looked at before their time. */
const EARLY_PART = 1 / 8;
const EARLY_PAUSE_MS = 1_000;
/** Some 10,000 alerts; limited by bytes, as a limit on age would have every idle node look at it each minute. */
const ALERTS_POLICY: ChannelPolicy = Object.freeze({ priority: 'alarm', retentionBytes: 4 * 1024 * 1024 });
/** Without a limit on age or number, this often: what was parked or could not be removed is seen to. */
const IDLE_INTERVAL_MS = 3_600_000;

/**
 * Keeps the journals within what the realm and this node's settings allow: by time, and sooner where much comes
 * in. The only one who drops.
 */
export class StorageKeeper {
  readonly #options: StorageKeeperOptions;
  readonly #deps: StorageKeeperDependencies;
  #timer: NodeJS.Timeout | null = null;
  #early = false;
  #storedBytes = 0;
  /** After so many the limits are looked at early. */
  #earlyBytes = 0;
  #applying: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: StorageKeeperOptions, deps: StorageKeeperDependencies) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Begins to look at the limits now and then. */
  start(): void {
    this.#arm(EARLY_PAUSE_MS);
  }

  /** Ends that; resolves when a look under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#applying;
    await this.#saveClock(true);
  }

  /** What is in force for a channel: this node's settings before the realm's. */
  policyOf(channel: string): ChannelPolicy {
    if (channel === REALM_CHANNEL) return { priority: 'control' };
    if (channel === ALERTS_CHANNEL) return ALERTS_POLICY;
    return {
      priority: this.#deps.realm.priorityOf(channel),
      ...this.#deps.realm.policyOf(channel),
      ...this.#options.retention[channel],
    };
  }

  /** Bytes that all journals together may take; `null` for no limit. */
  get storageBytesMax(): number | null {
    return this.#options.storageBytesMax;
  }

  /** Something was stored. Where it is much, the limits are looked at soon. */
  noteStored(bytes: number): void {
    this.#storedBytes += bytes;
    if (this.#early || this.#storedBytes < this.#earlyBytes) return;
    this.applySoon();
  }

  /** Looks at the limits within a second. */
  applySoon(): void {
    if (this.#early || this.#stopped || this.#timer === null) return;
    this.#early = true;
    this.#arm(EARLY_PAUSE_MS);
  }

  /** Applies all limits now. One at a time; does not throw for what a disk refuses. */
  apply(): Promise<void> {
    const done = this.#applying.then(() => this.#apply());
    this.#applying = done.catch(() => {});
    return done;
  }

  #arm(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      void this.apply()
        .catch((error: unknown) => this.#deps.log.error({ error: String(error) }, 'retention failed'))
        .finally(() => {
          if (!this.#stopped) this.#arm(this.#intervalMs());
        });
    }, delayMs);
  }

  /** Age needs a look where nothing came in, and numbers are not counted as they come; bytes are. */
  #intervalMs(): number {
    const { retentionIntervalMs } = this.#options;
    for (const channel of this.#deps.journals.keys()) {
      const { retentionSeconds, retentionMessages } = this.policyOf(channel);
      if (retentionSeconds || retentionMessages) return retentionIntervalMs;
    }
    return Math.max(retentionIntervalMs, IDLE_INTERVAL_MS);
  }

  async #apply(): Promise<void> {
    this.#early = false;
    this.#storedBytes = 0;
    this.#earlyBytes = this.#leastEarlyBytes();
    this.#deps.onLook();
    await this.#saveClock(false);
    let dropped = false;
    for (const [channel, journal] of this.#deps.journals) {
      if (channel === REALM_CHANNEL || this.#stopped) continue;
      const limits = this.#limitsOf(channel);
      journal.segmentBytes = this.#segmentBytes(limits);
      const outcome = await journal.retain(limits, this.#contextOf(channel));
      dropped ||= outcome.changed;
    }
    dropped = (await this.#fitStorage()) || dropped;
    if (dropped) this.#deps.onDropped();
  }

  /** Shares out what all may take together. */
  async #fitStorage(): Promise<boolean> {
    const { storageBytesMax } = this.#options;
    if (storageBytesMax === null || this.#stopped) return false;
    let total = 0;
    for (const journal of this.#deps.journals.values()) total += journal.diskBytes;
    if (total <= storageBytesMax) return false;
    const uses = [...this.#deps.journals].map(([channel, journal]) => ({
      channel,
      priority: this.policyOf(channel).priority ?? 'normal',
      bytes: journal.diskBytes,
      droppable: channel === REALM_CHANNEL ? [] : journal.droppable(this.#contextOf(channel)),
    }));
    let dropped = false;
    for (const [channel, storageBytes] of shareStorage(uses, storageBytesMax)) {
      const journal = this.#deps.journals.get(channel);
      if (journal === undefined || this.#stopped) continue;
      const limits = { ...this.#limitsOf(channel), storageBytes };
      dropped = (await journal.retain(limits, this.#contextOf(channel))).changed || dropped;
    }
    return dropped;
  }

  #limitsOf(channel: string): RetentionLimits {
    const { retentionSeconds, retentionBytes, retentionMessages } = this.policyOf(channel);
    const { storageBytesMax } = this.#options;
    const bytes = retentionBytes || null;
    const ofStorage = (storageBytesMax ?? Number.POSITIVE_INFINITY) / Math.max(1, this.#deps.journals.size);
    const least = Math.min(bytes ?? Number.POSITIVE_INFINITY, ofStorage);
    return {
      ageMs: retentionSeconds ? retentionSeconds * 1_000 : null,
      bytes,
      messages: retentionMessages || null,
      storageBytes: null,
      // The limits of all channels together may be exceeded by a quarter, no more.
      reserveBytes: Math.min(RESERVE_BYTES_MAX, least * RESERVE_PART),
    };
  }

  #segmentBytes({ bytes }: RetentionLimits): number {
    const channels = Math.max(1, this.#deps.journals.size);
    const ofStorage = (this.#options.storageBytesMax ?? Number.POSITIVE_INFINITY) / channels / 2;
    return Math.min(
      SEGMENT_BYTES_MAX,
      (bytes ?? Number.POSITIVE_INFINITY) * SEGMENT_PART,
      ofStorage * SEGMENT_PART,
    );
  }

  #leastEarlyBytes(): number {
    let least = this.#options.storageBytesMax ?? Number.POSITIVE_INFINITY;
    for (const channel of this.#deps.journals.keys()) {
      // Its little limit is no reason for a busy node to look at all of them each second.
      if (channel === ALERTS_CHANNEL) continue;
      least = Math.min(least, this.policyOf(channel).retentionBytes || Number.POSITIVE_INFINITY);
    }
    return least * EARLY_PART;
  }

  #contextOf(channel: string): RetentionContext {
    const { clock, isHeldElsewhere } = this.#deps;
    return {
      elapsedMs: (receivedAtMs) => clock.elapsedMs(receivedAtMs),
      isHeldElsewhere: (log, range) => isHeldElsewhere(channel, log, range),
    };
  }

  async #saveClock(now: boolean): Promise<void> {
    const { clock, disk, log } = this.#deps;
    try {
      await clock.save(disk, this.#options.directory, now);
    } catch (error) {
      log.warn(
        { error: String(error) },
        'the age of what is held was not written down; it may be kept longer',
      );
    }
  }
}
