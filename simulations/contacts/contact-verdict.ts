import type { HistoryEvent } from '../world/history.ts';
import type { ContactTrace } from './contact-trace.ts';
import type { PlannedPublish } from './publish-plan.ts';
import { type Reachability, reachability } from './reachability.ts';

/** Shorter contacts may or may not carry anything. */
export const CONTACT_MS_MIN = 5_000;

/** What comes in the last moment of a contact may or may not be handed over: it takes some round trips. */
export const SPARE_MS = 500;

/** Something that the trace does not allow, or that it makes possible and that did not come. */
export interface ContactFault {
  readonly kind: 'missing' | 'impossible' | 'duplicate' | 'unknown';
  readonly node: string;
  readonly author: string;
  readonly what: string;
  /** Trace time, seconds. */
  readonly t?: number;
}

/** How a replay ended, in pairs of a message and a node; the author's own node is one of them. */
export interface ContactVerdict {
  readonly published: number;
  /** What must be delivered: contacts of 5 s and more lead there. */
  readonly deliverable: number;
  /** What may be: over shorter contacts, or in the last half second of one. */
  readonly possible: number;
  readonly delivered: number;
  readonly missing: number;
  /** Deliveries where no contact leads, or before one does. */
  readonly impossible: number;
  readonly duplicates: number;
  readonly gaps: number;
  /** Deliveries that filled a gap reported before. */
  readonly late: number;
  /** The first of each kind. */
  readonly faults: readonly ContactFault[];
  readonly ok: boolean;
}

/** Faults that are described; the others are counted. */
const FAULTS_MAX = 200;
/** Virtual clocks count milliseconds, and a message may be delivered in the one in which its contact starts. */
const TOLERANCE_MS = 1;

/** A message as the history shows it. */
interface Followed {
  /** Milliseconds of trace time of its delivery at each node; not a number where there was none. */
  readonly deliveredMs: Float64Array;
}

/** Holds a replay to what its trace makes possible; nothing of sedge is asked, only the history. */
export class ContactJudge {
  readonly #trace: ContactTrace;
  readonly #plan: readonly PlannedPublish[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #followed = new Map<string, Followed>();
  /** Keys of what each node published, in its order. */
  readonly #published: string[][];
  readonly #faults: ContactFault[] = [];
  readonly #counts = { missing: 0, impossible: 0, duplicate: 0, unknown: 0 };
  #gaps = 0;
  #late = 0;
  /** Deliveries that need not be and were, each with its node and when. */
  readonly extra: { readonly place: number; readonly atMs: number }[] = [];
  readonly must: Reachability;
  readonly may: Reachability;

  constructor(trace: ContactTrace, plan: readonly PlannedPublish[]) {
    this.#trace = trace;
    this.#plan = plan;
    this.#places = new Map(trace.nodes.map((name, place) => [name, place]));
    this.#published = trace.nodes.map(() => []);
    this.must = reachability(trace, plan, { contactMsMin: CONTACT_MS_MIN, spareMs: SPARE_MS });
    this.may = reachability(trace, plan, { atTheEnd: 'carried' });
  }

  /** Takes an event, in trace time. */
  add(event: HistoryEvent): void {
    if (event.event === 'publish') this.#publish(event);
    else if (event.event === 'delivery') this.#deliver(event);
    else if (event.event === 'gap') this.#gaps++;
  }

  verdict(): ContactVerdict {
    const delivered = this.#compare();
    const { missing, impossible, duplicate, unknown } = this.#counts;
    return {
      published: this.#published.reduce((sum, keys) => sum + keys.length, 0),
      deliverable: this.must.count,
      possible: this.may.count,
      delivered,
      missing,
      impossible,
      duplicates: duplicate,
      gaps: this.#gaps,
      late: this.#late,
      faults: this.#faults,
      ok: missing + impossible + duplicate + unknown === 0,
    };
  }

  #publish(event: HistoryEvent): void {
    const place = this.#places.get(event.node);
    if (place === undefined) return;
    const key = keyOf(event);
    this.#published[place]!.push(key);
    this.#follow(key);
  }

  #deliver(event: HistoryEvent): void {
    const place = this.#places.get(event.node);
    if (place === undefined) return;
    const { deliveredMs } = this.#follow(keyOf(event));
    if (event.late === true) this.#late++;
    if (Number.isNaN(deliveredMs[place]!)) {
      deliveredMs[place] = event.t * 1_000;
      return;
    }
    this.#fault('duplicate', event, `${event.node} got ${nameOf(event)} again`);
  }

  /** A delivery at the author itself may be told of before its publishing is. */
  #follow(key: string): Followed {
    const known = this.#followed.get(key);
    if (known !== undefined) return known;
    const deliveredMs = new Float64Array(this.#trace.nodes.length).fill(Number.NaN);
    const followed = { deliveredMs };
    this.#followed.set(key, followed);
    return followed;
  }

  /** Compares every message at every node with both bounds; returns how many were delivered. */
  #compare(): number {
    const taken = this.#published.map(() => 0);
    const known = new Set<string>();
    let delivered = 0;
    for (const [message, { node }] of this.#plan.entries()) {
      const key = this.#published[node]![taken[node]!++];
      if (key !== undefined) known.add(key);
      const followed = key === undefined ? undefined : this.#followed.get(key);
      for (let place = 0; place < this.#trace.nodes.length; place++) {
        const atMs = followed?.deliveredMs[place] ?? Number.NaN;
        if (!Number.isNaN(atMs)) {
          delivered++;
          if (!this.must.reaches(message, place)) this.extra.push({ place, atMs });
        }
        this.#compareOne(message, place, atMs);
      }
    }
    for (const key of this.#followed.keys()) {
      if (!known.has(key))
        this.#fault('unknown', { node: '', author: key.split(' ', 1)[0]! }, `${key} was never published`);
    }
    return delivered;
  }

  #compareOne(message: number, place: number, atMs: number): void {
    const earliestMs = this.may.arrivalMs(message, place);
    const { node: from, timeMs } = this.#plan[message]!;
    const where = { node: this.#trace.nodes[place]!, author: this.#trace.nodes[from]! };
    const which = `what ${where.author} published at ${timeMs / 1_000} s`;
    if (Number.isNaN(atMs)) {
      if (!this.must.reaches(message, place)) return;
      const sinceSeconds = this.must.arrivalMs(message, place) / 1_000;
      this.#fault(
        'missing',
        { ...where, t: sinceSeconds },
        `${where.node} lacks ${which}; contacts lead there from ${sinceSeconds} s on`,
      );
    } else if (atMs + TOLERANCE_MS < earliestMs) {
      const possible =
        earliestMs === Number.POSITIVE_INFINITY
          ? 'no contact leads there'
          : `possible from ${earliestMs / 1_000} s on`;
      this.#fault(
        'impossible',
        { ...where, t: atMs / 1_000 },
        `${where.node} got ${which} at ${atMs / 1_000} s; ${possible}`,
      );
    }
  }

  #fault(
    kind: ContactFault['kind'],
    where: Pick<HistoryEvent, 'node' | 'author'> & { t?: number },
    what: string,
  ): void {
    this.#counts[kind]++;
    if (this.#faults.length >= FAULTS_MAX) return;
    const { node, author = node, t } = where;
    this.#faults.push({ kind, node, author, what, ...(t === undefined ? {} : { t }) });
  }
}

function keyOf({ author, node, channel, epoch, seq }: HistoryEvent): string {
  return `${author ?? node} ${channel} ${epoch} ${seq}`;
}

function nameOf({ author, seq }: HistoryEvent): string {
  return `number ${seq} of ${author}`;
}
