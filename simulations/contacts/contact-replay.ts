import type { HistoryEvent } from '../world/history.ts';
import { ModelNetwork } from '../world/model-network.ts';
import { SimulatedMesh } from '../world/simulated-mesh.ts';
import { none } from '../world/topology.ts';
import type { TrafficByKind } from '../world/virtual-network.ts';
import type { ContactTrace } from './contact-trace.ts';
import type { PlannedPublish } from './publish-plan.ts';

/** How a trace is replayed. */
export interface ReplayOptions {
  readonly trace: ContactTrace;
  readonly plan: readonly PlannedPublish[];
  /** Decides keys and jitter. @defaultValue 1 */
  readonly seed?: number;
  /** Sees every publish, delivery, gap and contact, in trace time, in its order; `sent` counts what was sent so far. */
  readonly onEvent: (event: HistoryEvent, sent: () => TrafficByKind) => void;
  /** Told several times a second of real time how far trace time is, seconds. */
  readonly onProgress?: (traceSeconds: number) => void;
  readonly signal?: AbortSignal;
}

/** How a replay went, beside its events. */
export interface Replayed {
  /** First and last moment, seconds of trace time. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly traffic: TrafficByKind;
}

/**
 * A link of a contact is as good as none: what a trace makes possible knows no latency. Not 0, so that cause and
 * effect stay apart.
 */
const LATENCY_MS = 1;
/** Who meets is connected at once, as radios that see each other are. */
const REDIAL_MS = { first: 1, most: 1 };
/** What is learned is offered on at once: chains of contacts within one moment are to be passed in that moment. */
const HELLO_PAUSE_MS = 1;
/**
 * Nodes that are connected say hello each 30 s whether or not there is anything to say. Those that meet, learn or miss
 * something do so at once, so where that would be more than a million hellos, they are said less often.
 */
const HELLO_INTERVAL_MS = { least: 30_000, most: 3_600_000 };
const HELLOS_MAX = 1_000_000;
/** Nothing is let go in a replay; to look for it each minute of a week would be most of the work. */
const RETENTION_INTERVAL_MS = 86_400_000;
/** After the end of the last contact: longer than a gap is waited for, so that all that is held is delivered. */
const AFTER_MS = 15_000;

/** What happens at a moment of a trace: links go down before others come up, and those before anybody publishes. */
interface Step {
  readonly timeMs: number;
  readonly kind: 'down' | 'up' | 'publish';
  /** Place in the contacts or in the plan. */
  readonly place: number;
}

const ORDER: readonly Step['kind'][] = ['down', 'up', 'publish'];

/**
 * Replays a contact trace on real nodes over the model overlay: a link is up during its contacts only, from the
 * start until just before the end, and every node subscribes to everything. Events carry trace times.
 */
export async function replayContacts(options: ReplayOptions): Promise<Replayed> {
  const { trace, plan } = options;
  const steps = stepsOf(trace, plan);
  const startMs = steps[0]?.timeMs ?? 0;
  const endMs = (steps.at(-1)?.timeMs ?? 0) + AFTER_MS;
  const replay = await Replay.begin(options, startMs, endMs - startMs);
  try {
    for (const step of steps) await replay.do(step);
    await replay.advanceTo(endMs);
    return { startSeconds: startMs / 1_000, endSeconds: replay.traceMs / 1_000, traffic: replay.traffic };
  } finally {
    await replay.end();
  }
}

function stepsOf({ contacts }: ContactTrace, plan: readonly PlannedPublish[]): Step[] {
  const steps: Step[] = plan.map(({ timeMs }, place) => ({ timeMs, kind: 'publish', place }));
  for (const [place, { startMs, endMs }] of contacts.entries()) {
    // A contact of no length is over before anything can be said.
    if (startMs === endMs) continue;
    steps.push({ timeMs: startMs, kind: 'up', place }, { timeMs: endMs, kind: 'down', place });
  }
  return steps.sort(
    (x, y) => x.timeMs - y.timeMs || ORDER.indexOf(x.kind) - ORDER.indexOf(y.kind) || x.place - y.place,
  );
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #mesh: SimulatedMesh;
  readonly #startMs: number;

  private constructor(options: ReplayOptions, mesh: SimulatedMesh, startMs: number) {
    this.#options = options;
    this.#mesh = mesh;
    this.#startMs = startMs;
  }

  /** Makes the nodes, none of which can reach another. */
  static async begin(options: ReplayOptions, startMs: number, spanMs: number): Promise<Replay> {
    const { trace, seed = 1, onEvent, onProgress, signal } = options;
    const sent = () => mesh.network.traffic();
    const mesh: SimulatedMesh = await SimulatedMesh.create({
      names: trace.nodes,
      topology: none(),
      seed,
      overlay: (context) => new ModelNetwork({ ...context, redialMs: REDIAL_MS }),
      link: { latencyMs: LATENCY_MS },
      all: {
        mesh: {
          // Who only carries need not be known by name to all.
          introduce: 'publish',
          retentionIntervalMs: RETENTION_INTERVAL_MS,
          sync: {
            helloPauseMs: HELLO_PAUSE_MS,
            helloIntervalMs: helloIntervalMs(trace.nodes.length, spanMs),
          },
        },
      },
      keepHistory: false,
      onEvent: (event) => {
        // Contacts are those of the trace, not those of the overlay, which notices them a little later.
        if (event.event === 'publish' || event.event === 'delivery' || event.event === 'gap') {
          onEvent({ ...event, t: traceSeconds(startMs, event.t) }, sent);
        }
      },
      ...(onProgress === undefined ? {} : { onProgress: (ms) => onProgress((startMs + ms) / 1_000) }),
      ...(signal === undefined ? {} : { signal }),
    });
    mesh.subscribeAll('#', { from: 'all' });
    return new Replay(options, mesh, startMs);
  }

  /** Trace time, milliseconds. */
  get traceMs(): number {
    return this.#startMs + this.#mesh.sinceReadyMs;
  }

  get traffic(): TrafficByKind {
    return this.#mesh.network.traffic();
  }

  async do({ timeMs, kind, place }: Step): Promise<void> {
    await this.advanceTo(timeMs);
    if (kind === 'publish') {
      const { node, topic, payload } = this.#options.plan[place]!;
      await this.#mesh.node(this.#name(node)).publish(topic, payload);
      return;
    }
    const { a, b } = this.#options.trace.contacts[place]!;
    const [node, peer] = [this.#name(a), this.#name(b)];
    if (kind === 'up') this.#mesh.mend(node, peer);
    else this.#mesh.cut(node, peer);
    this.#options.onEvent({ t: timeMs / 1_000, event: kind, node, peer }, () => this.traffic);
  }

  async advanceTo(timeMs: number): Promise<void> {
    const leftMs = timeMs - this.traceMs;
    if (leftMs > 0) await this.#mesh.advance(leftMs);
  }

  async end(): Promise<void> {
    await this.#mesh.stop();
  }

  #name(place: number): string {
    return this.#options.trace.nodes[place]!;
  }
}

function helloIntervalMs(nodes: number, spanMs: number): number {
  const { least, most } = HELLO_INTERVAL_MS;
  return Math.round(Math.min(most, Math.max(least, (nodes * spanMs) / HELLOS_MAX)));
}

/** Without the noise of binary fractions: to the microsecond. */
function traceSeconds(startMs: number, seconds: number): number {
  return Math.round(startMs * 1_000 + seconds * 1e6) / 1e6;
}
