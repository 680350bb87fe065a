import type { EpochId, MessageClient, Origin, PublishId } from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';

/**
 * `accepted`: numbered, in memory and on its way. `durable`: on this node's disk after fsync. `replicas`: durable, and
 * so many other granted nodes, directly connected, have reported that they hold it after fsync too.
 */
export type Acknowledgement = 'accepted' | 'durable' | { readonly replicas: number };

/** Most replicas that can be asked for. */
export const REPLICAS_MAX = 64;
/** How long a publisher waits for replicas unless it says otherwise, milliseconds. */
export const REPLICAS_TIMEOUT_MS = 30_000;
/** Longest such wait, milliseconds: a day. */
export const REPLICAS_TIMEOUT_MS_MAX = 86_400_000;

/** Options of `publish`. */
export interface PublishOptions {
  /** @defaultValue `'durable'`: what was acknowledged survives a power cut. */
  readonly ack?: Acknowledgement;
  /**
   * How long to wait for `ack: { replicas }`, 1 to 86,400,000 ms; then `publish` rejects with
   * `mesh.not-acknowledged` and the count so far. The message is kept and goes on its way all the same.
   * @defaultValue 30,000
   */
  readonly replicasTimeoutMs?: number;
  /** Makes a retry harmless: the author drops what it already has under this id, across restarts. */
  readonly id?: PublishId;
  /** Lifetime, 1 to 2^32 seconds. @defaultValue the channel's */
  readonly ttlSeconds?: number;
  readonly contentType?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Last value of its topic in the sense of MQTT. @defaultValue `false` */
  readonly retain?: boolean;
  /** The device that a reading came from; given by the bridge that had it from there. */
  readonly origin?: Origin;
  /** The client of a gateway that published it; given by the gateway. */
  readonly client?: MessageClient;
}

/** What became of a published message. */
export interface Published {
  readonly author: NodeId;
  readonly channel: string;
  readonly epoch: EpochId;
  readonly seq: number;
  readonly timeMs: number;
  /** The publish id was known already; the numbers are those of the first time. */
  readonly duplicate: boolean;
  /** Other nodes that had reported that they hold it; only where `replicas` were asked for. */
  readonly replicas?: number;
}

/** Where a message of this node lies. */
export interface PublishedPlace {
  readonly channel: string;
  readonly epoch: EpochId;
  readonly seq: number;
}
