import type { EpochId, LogId } from '../entry/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ForkKind } from './fork-proof.ts';

/** An epoch that ended in a fork. */
export interface Fork {
  readonly channel: string;
  readonly log: LogId;
  readonly author: NodeId;
  readonly epoch: EpochId;
  /** The first number that no longer counts. */
  readonly end: number;
  readonly kind: ForkKind;
  /** The node whose proof of this end was heard first; this one, if it found it. */
  readonly reporter: NodeId;
  /** When this node learned of it, milliseconds since 1970. */
  readonly foundAtMs: number;
}

/** Forked logs of one author that account is kept of: more are no accident, and the author wants to be revoked. */
const LOGS_PER_AUTHOR_MAX = 256;
/** Forked logs of all authors. */
const LOGS_MAX = 16_384;

/** Where forked epochs end, by channel and log. An end only ever sinks, so that order and repetition do not matter. */
export class ForkBook {
  readonly #forks = new Map<string, Fork>();
  readonly #logsOf = new Map<NodeId, number>();

  /** The first number of a log that no longer counts; `null` while nothing is known against it. */
  endOf(channel: string, log: LogId): number | null {
    return this.#forks.size === 0 ? null : (this.#forks.get(keyOf(channel, log))?.end ?? null);
  }

  /** Takes a proven fork in: `lower` than what was known, no news (`known`), or one more than account is kept of (`full`). */
  learn(fork: Fork): 'lower' | 'known' | 'full' {
    const key = keyOf(fork.channel, fork.log);
    const known = this.#forks.get(key);
    if (known !== undefined && known.end <= fork.end) return 'known';
    if (known === undefined) {
      const logs = this.#logsOf.get(fork.author) ?? 0;
      if (logs >= LOGS_PER_AUTHOR_MAX || this.#forks.size >= LOGS_MAX) return 'full';
      this.#logsOf.set(fork.author, logs + 1);
    }
    this.#forks.set(key, fork);
    return 'lower';
  }

  /** All that is known. */
  forks(): Fork[] {
    return [...this.#forks.values()];
  }
}

function keyOf(channel: string, log: LogId): string {
  return `${channel} ${log}`;
}
