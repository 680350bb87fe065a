import type { LogId } from '../entry/index.ts';
import type { Counters, Log } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import {
  cutForkProof,
  encodeForkProof,
  FORK_TOPIC,
  type ForkEvent,
  type ForkProof,
  type ForkWatch,
} from '../ingest/index.ts';
import type { Realm } from '../realm/index.ts';
import type { ForkStatus } from './mesh-status.ts';

/** What {@link ForkDesk} works with. */
export interface ForkDeskDependencies {
  readonly self: NodeId;
  readonly realm: Realm;
  readonly forks: ForkWatch;
  /** Publishes in `$realm`. */
  readonly publishOwn: (topic: string, payload: Uint8Array) => Promise<unknown>;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly nowMs: () => number;
  readonly counters: Counters;
  readonly log: Log;
}

/** Proofs that one node reports of one log: each end is lower than the one before. */
const REPORTS_PER_LOG_MAX = 16;
/** Proofs that one node reports of one author, over all its logs. */
const REPORTS_PER_AUTHOR_MAX = 64;
/** First and longest time before a report is tried again that the disk did not take. */
const RETRY_MS = 2_000;
const RETRY_MS_MAX = 60_000;
/** A fork is for people to look at for so long after it was last heard of; the list keeps it for ever. */
const ALARM_MS = 7 * 86_400_000;

/** A proof that waits to be reported. */
interface Report {
  readonly proof: ForkProof;
  readonly timer: NodeJS.Timeout;
}

/**
 * Reports the forks that this node found, once for each log and lower end, and lists all that are known. Many find
 * the same fork at once: each waits for a moment, and keeps silent if another was faster.
 */
export class ForkDesk {
  readonly #delayMs: number;
  readonly #deps: ForkDeskDependencies;
  readonly #waiting = new Map<string, Report>();
  readonly #reportsOf = new Map<string, number>();
  #stopped = false;

  /** `delayMs`: longest time before a fork that was found is reported, milliseconds. */
  constructor(options: { readonly delayMs: number }, deps: ForkDeskDependencies) {
    this.#delayMs = options.delayMs;
    this.#deps = deps;
  }

  /** Takes note of an end: reports it if it was found here, keeps silent if somebody else reported it. */
  handle({ fork, proof, origin }: ForkEvent): void {
    if (this.#stopped) return;
    const key = keyOf(fork);
    const waiting = this.#waiting.get(key);
    // What waits proves a higher end than this one.
    if (waiting !== undefined) clearTimeout(waiting.timer);
    this.#waiting.delete(key);
    if (origin === 'found' && this.#mayReport(fork))
      this.#later(key, proof, this.#deps.random() * this.#delayMs);
  }

  /** Ends all that waits. */
  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
  }

  /** Forks that are known, the latest first. */
  list(): ForkStatus[] {
    const { forks, realm, self, nowMs } = this.#deps;
    return forks
      .forks()
      .map(({ log: _log, ...fork }) => ({
        ...fork,
        name: realm.nameOf(fork.author),
        reporterName: realm.nameOf(fork.reporter),
        own: fork.author === self,
        alarm: nowMs() - fork.foundAtMs < ALARM_MS && realm.standing(fork.author).status !== 'revoked',
      }))
      .sort((a, b) => b.foundAtMs - a.foundAtMs);
  }

  #mayReport(fork: ForkEvent['fork']): boolean {
    const ofLog = this.#reportsOf.get(keyOf(fork)) ?? 0;
    const ofAuthor = this.#reportsOf.get(fork.author) ?? 0;
    if (ofLog < REPORTS_PER_LOG_MAX && ofAuthor < REPORTS_PER_AUTHOR_MAX) return true;
    this.#deps.counters.count('fork.too-many');
    return false;
  }

  #later(key: string, proof: ForkProof, delayMs: number, failures = 0): void {
    const timer = setTimeout(() => void this.#report(key, proof, failures), delayMs);
    this.#waiting.set(key, { proof, timer });
  }

  async #report(key: string, proof: ForkProof, failures: number): Promise<void> {
    this.#waiting.delete(key);
    const [{ author }] = proof.entries;
    try {
      for (const part of cutForkProof(encodeForkProof(proof))) await this.#deps.publishOwn(FORK_TOPIC, part);
      for (const about of [key, author]) this.#reportsOf.set(about, (this.#reportsOf.get(about) ?? 0) + 1);
    } catch (error) {
      if (this.#stopped) return;
      this.#deps.log.warn({ author, error: String(error) }, 'a fork could not be reported yet');
      if (this.#waiting.has(key)) return;
      this.#later(key, proof, Math.min(RETRY_MS * 2 ** failures, RETRY_MS_MAX), failures + 1);
    }
  }
}

function keyOf({ channel, log }: { readonly channel: string; readonly log: LogId }): string {
  return `${channel} ${log}`;
}
