import { type Log, SedgeError } from '../../../../src/errors/index.ts';
import type { ServedMesh } from '../../../control/served-mesh.ts';
import type { Caller } from '../caller.ts';
import type { HttpCounters } from '../http-counters.ts';
import { StreamFollower } from './stream-follower.ts';
import { StreamHub } from './stream-hub.ts';
import type { StreamRequest } from './stream-request.ts';
import type { StreamSink } from './stream-sink.ts';

/** Limits of the streams; see `HttpOptions`. */
export interface StreamDeskOptions {
  readonly streamsMax: number;
  readonly streamBytesMax: number;
}

/** What the desk works with. */
export interface StreamDeskDependencies {
  readonly mesh: Pick<ServedMesh, 'subscribe' | 'history' | 'historyEnd' | 'lastValues'>;
  readonly counters: HttpCounters;
  readonly log: Log;
  /** Whether a caller whose stream is open may still have it. */
  readonly isStillGood: (caller: Caller) => boolean;
}

/** Streams and pages that read the journal at once; the others wait. */
const READING_MAX = 8;

/** Opens live streams, keeps them within limits, and ends them. */
export class StreamDesk {
  readonly #options: StreamDeskOptions;
  readonly #deps: StreamDeskDependencies;
  readonly #hub: StreamHub;
  readonly #open = new Map<StreamSink, Caller>();
  readonly #waiting: (() => void)[] = [];
  #reading = 0;

  constructor(options: StreamDeskOptions, deps: StreamDeskDependencies) {
    this.#options = options;
    this.#deps = deps;
    this.#hub = new StreamHub(deps);
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Throws `http.too-many-streams`. */
  checkRoom(): void {
    const { streamsMax } = this.#options;
    if (this.#open.size >= streamsMax) throw new SedgeError('http.too-many-streams', { streamsMax });
  }

  /**
   * Finds out whether a stream can be had. Rejects with `topic.bad-filter`, `journal.offset-unknown` and the like; then
   * `begin` writes to its sink.
   */
  async prepare(request: StreamRequest, sink: StreamSink, caller: Caller): Promise<{ begin(): void }> {
    this.checkRoom();
    this.#open.set(sink, caller);
    sink.onEnd(() => this.#open.delete(sink));
    const { mesh, counters } = this.#deps;
    const follower = new StreamFollower(request, sink, {
      mesh,
      counters,
      hub: this.#hub,
      reading: (work) => this.read(work),
      unsentBytesMax: this.#options.streamBytesMax,
    });
    try {
      await follower.open();
    } catch (error) {
      this.#open.delete(sink);
      throw error;
    }
    counters.count('streams');
    return { begin: () => follower.begin() };
  }

  /** Says to quiet clients that they are thought of. */
  beat(): void {
    for (const sink of this.#open.keys()) sink.beat();
  }

  /** Ends the streams of those whose token is gone. */
  endUnauthorized(): void {
    for (const [sink, caller] of this.#open) {
      if (this.#deps.isStillGood(caller)) continue;
      this.#deps.counters.count('streamsUnauthorized');
      sink.end(new SedgeError('http.bad-token'));
    }
  }

  /** Ends all. */
  async stop(): Promise<void> {
    for (const sink of this.#open.keys()) sink.end();
    await this.#hub.stop();
  }

  /** Reads the journal, of which so many may do so at once; the others wait. */
  async read<T>(work: () => Promise<T>): Promise<T> {
    if (this.#reading >= READING_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#reading++;
    try {
      return await work();
    } finally {
      this.#reading--;
      this.#waiting.shift()?.();
    }
  }
}
