import type { HistoryEvent } from '../world/history.ts';
import { type Columns, CountOverTime } from './columns.ts';
import type { ReportedDelay, ReportedSeries } from './run-report.ts';

/** Which deliveries there are to be, where not every node gets every message. */
export interface ExpectedDeliveries {
  /** When each becomes possible, seconds, in any order. */
  readonly atSeconds: readonly number[];
  /** How many at each node. */
  readonly perNode: ReadonlyMap<string, number>;
}

/** A message and where it came to. */
interface Message {
  readonly publishedAt: number;
  /** Where it was delivered, with a bit a subscription. */
  readonly nodes: Map<string, number>;
  lastAt: number;
}

/** What a node did. */
export interface NodeCounts {
  published: number;
  delivered: number;
}

/** Follows every message through a history: who has it, how long it took, what is missing. */
export class MessageFold {
  readonly #readers: ReadonlySet<string>;
  readonly #expected: ExpectedDeliveries | null;
  readonly #messages = new Map<string, Message>();
  /** Deliveries that were told of before the publishing was acknowledged, by message. */
  readonly #early = new Map<string, HistoryEvent[]>();
  readonly #delays: number[] = [];
  readonly #published: CountOverTime;
  readonly #delivered: CountOverTime;
  readonly #due: CountOverTime;
  readonly counts = new Map<string, NodeCounts>();
  delivered = 0;
  duplicates = 0;
  late = 0;
  gaps = 0;

  constructor(readers: ReadonlySet<string>, columns: Columns, expected: ExpectedDeliveries | null) {
    this.#readers = readers;
    this.#expected = expected;
    this.#published = new CountOverTime(columns);
    this.#delivered = new CountOverTime(columns);
    this.#due = new CountOverTime(columns);
    for (const seconds of expected?.atSeconds ?? []) this.#due.add(seconds);
  }

  get published(): number {
    return this.#messages.size;
  }

  /** Deliveries that there are to be. */
  get expected(): number {
    return this.#expected?.atSeconds.length ?? this.#messages.size * this.#readers.size;
  }

  add(event: HistoryEvent): void {
    if (event.event === 'publish') this.#publish(event);
    else if (event.event === 'delivery') this.#deliver(event);
    else if (event.event === 'gap') this.gaps++;
  }

  /** Deliveries that a node still lacks. */
  missingAt(node: string): number {
    const all = this.#expected?.perNode.get(node) ?? (this.#readers.has(node) ? this.#messages.size : 0);
    return Math.max(0, all - (this.counts.get(node)?.delivered ?? 0));
  }

  series(): ReportedSeries[] {
    const delivered = this.#delivered.totals();
    const due = this.#due.totals();
    return [
      { name: 'published', values: this.#published.totals() },
      { name: 'deliverable', values: due },
      { name: 'delivered', values: delivered },
      { name: 'missing', values: due.map((count, column) => Math.max(0, count - delivered[column]!)) },
    ];
  }

  delay(): ReportedDelay | null {
    if (this.#delays.length === 0) return null;
    const sorted = Float64Array.from(this.#delays).sort();
    const at = (percent: number) => rounded(sorted[Math.ceil((percent / 100) * (sorted.length - 1))]!);
    const percentiles = Array.from({ length: 101 }, (_, percent) => at(percent));
    return { count: sorted.length, p50: at(50), p90: at(90), p99: at(99), max: at(100), percentiles };
  }

  /**
   * Seconds from a moment until every reader had all that was published before it; `null` if one never had, and
   * where only some deliveries are expected.
   */
  convergedAfter(seconds: number): number | null {
    let last = seconds;
    for (const { publishedAt, nodes, lastAt } of this.#messages.values()) {
      if (publishedAt > seconds) continue;
      if (nodes.size < this.#readers.size) return null;
      last = Math.max(last, lastAt);
    }
    return rounded(last - seconds);
  }

  #publish(event: HistoryEvent): void {
    const { node, t } = event;
    if (event.topic?.startsWith('$')) return;
    this.#count(node).published++;
    const key = keyOf(event);
    if (this.#messages.has(key)) return;
    this.#messages.set(key, { publishedAt: t, nodes: new Map(), lastAt: t });
    this.#published.add(t);
    if (this.#expected === null) this.#due.add(t, this.#readers.size);
    for (const delivery of this.#early.get(key) ?? []) this.#deliver(delivery);
    this.#early.delete(key);
  }

  #deliver(event: HistoryEvent): void {
    const { node, t } = event;
    const key = keyOf(event);
    const message = this.#messages.get(key);
    if (message === undefined) {
      this.#early.set(key, [...(this.#early.get(key) ?? []), event]);
      return;
    }
    const before = message.nodes.get(node) ?? 0;
    const subscription = 1 << ((event.subscription ?? 0) & 31);
    message.nodes.set(node, before | subscription);
    if ((before & subscription) !== 0 && event.again !== true) this.duplicates++;
    if (before !== 0) return;
    message.lastAt = Math.max(message.lastAt, t);
    if (node !== event.author) this.#delays.push(Math.max(0, t - message.publishedAt));
    if (event.late === true) this.late++;
    this.delivered++;
    this.#count(node).delivered++;
    this.#delivered.add(t);
  }

  #count(node: string): NodeCounts {
    const counts = this.counts.get(node) ?? { published: 0, delivered: 0 };
    this.counts.set(node, counts);
    return counts;
  }
}

/** What was published again after a fork is the message that it was. */
function keyOf({ author, node, channel, epoch, seq, was }: HistoryEvent): string {
  return `${author ?? node} ${channel} ${was?.epoch ?? epoch} ${was?.seq ?? seq}`;
}

/** Three digits are all that can be seen. */
function rounded(seconds: number): number {
  return Number(seconds.toPrecision(4));
}
