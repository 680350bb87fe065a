import { SedgeError } from '../errors/index.ts';
import { type ChannelPolicy, hasPolicy, isChannelPolicy } from '../realm/index.ts';
import type { SyncOptions } from '../sync/index.ts';
import type { QuotaOptions } from './quotas.ts';

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
   * What this node keeps of a channel, by name; each setting goes before the realm's. @defaultValue the realm's policy,
   * and where it says nothing all that fits `storageBytesMax`
   */
  readonly retention?: Readonly<Record<string, ChannelPolicy>>;
  /**
   * Bytes that all journals together may take, 1 MiB or more; `null` for no limit. Over it the oldest of the lowest
   * priority goes first; `$realm` is never dropped. @defaultValue 4 GiB
   */
  readonly storageBytesMax?: number | null;
  /** What others may make this node keep and remember. */
  readonly quotas?: QuotaOptions;
  /**
   * Limits on age and number are looked at this often, milliseconds; those on bytes when much has come in, and hourly.
   * @defaultValue 60,000
   */
  readonly retentionIntervalMs?: number;
  /**
   * When the node tells the realm its grants: at its first start, so that its name is known everywhere, or with its
   * first message. In meshes of thousands, most of which only listen and carry, the latter spares every node the
   * grants of every other. Admins do it at the start always. @defaultValue `'start'`
   */
  readonly introduce?: 'start' | 'publish';
  /**
   * Carries `$alerts`, the channel in which nodes say that something is wrong, and lets this one speak there
   * (`publishAlert`). Nodes that do not, and those of versions before 0.4, relay it and keep nothing of it.
   * @defaultValue `false`; an agent does
   */
  readonly alerts?: boolean;
  /** How sync paces itself; for tests, simulations and very slow links. @defaultValue see `SyncOptions` */
  readonly sync?: Partial<SyncOptions>;
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
/** Bytes that all journals together may take, unless said otherwise. */
export const STORAGE_BYTES_MAX_DEFAULT = 4 * 1024 ** 3;
/** Least value of that limit. */
export const STORAGE_BYTES_LEAST = 1024 ** 2;

/** Checks the options and fills in the defaults. Throws `mesh.bad-option`. */
export function resolveMeshOptions(options: MeshOptions) {
  const { commitIntervalMs = 0, retention = {}, retentionIntervalMs = 60_000 } = options;
  const { storageBytesMax = STORAGE_BYTES_MAX_DEFAULT } = options;
  requireWithin('commitIntervalMs', commitIntervalMs, 0, COMMIT_INTERVAL_MS_MAX);
  requireWithin('retentionIntervalMs', retentionIntervalMs, 10, 86_400_000);
  if (storageBytesMax !== null) {
    requireWithin('storageBytesMax', storageBytesMax, STORAGE_BYTES_LEAST, Number.MAX_SAFE_INTEGER);
  }
  for (const [channel, policy] of Object.entries(retention)) {
    if (hasPolicy(channel) && isChannelPolicy(policy)) continue;
    throw new SedgeError('mesh.bad-option', {
      option: 'retention',
      reason: `not for the channel ${channel}`,
    });
  }
  return { ...options, commitIntervalMs, retention, retentionIntervalMs, storageBytesMax };
}

function requireWithin(option: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new SedgeError('mesh.bad-option', { option, least, most });
}
