import type { NodeId } from '../../src/index.ts';

/** A message that was acknowledged to its publisher. */
export interface PublishedMessage {
  /** Name of the node that published it. */
  readonly node: string;
  readonly author: NodeId;
  readonly channel: string;
  readonly epoch: string;
  readonly seq: number;
  readonly topic: string;
  /** What tells its payload from others. */
  readonly content: string;
  /** Acknowledged when it was on the publisher's disk. */
  readonly durable: boolean;
  /** Given a lifetime by its publisher: it may rightly never be delivered. */
  readonly expires: boolean;
  /** Virtual milliseconds since the mesh was ready. */
  readonly atMs: number;
}
