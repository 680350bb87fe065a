import type { EpochId, PublishId } from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';

/** `accepted`: numbered, in memory and on its way. `durable`: on this node's disk after fsync. */
export type Acknowledgement = 'accepted' | 'durable';

/** Options of `publish`. */
export interface PublishOptions {
  /** @defaultValue `'durable'`: what was acknowledged survives a power cut. */
  readonly ack?: Acknowledgement;
  /** Makes a retry harmless: the author drops what it already has under this id, across restarts. */
  readonly id?: PublishId;
  /** Lifetime, 1 to 2^32 seconds. @defaultValue the channel's */
  readonly ttlSeconds?: number;
  readonly contentType?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Last value of its topic in the sense of MQTT. @defaultValue `false` */
  readonly retain?: boolean;
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
}
