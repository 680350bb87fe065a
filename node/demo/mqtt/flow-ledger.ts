/** Which node a client is at. */
export type MqttNode = 'A' | 'B' | 'C';

/** The nodes of the demo. */
export const MQTT_NODES: readonly MqttNode[] = Object.freeze(['A', 'B', 'C']);

/** What became of the messages. */
export interface FlowFindings {
  /** Messages that clients published. */
  readonly sent: number;
  /** Of these, those that their client was answered for. */
  readonly acknowledged: number;
  /** Different messages that arrived, over all subscribers; in the end three times `sent`. */
  readonly received: number;
  readonly lost: number;
  /** Arrivals beyond the first, but those of {@link repeated}. */
  readonly duplicated: number;
  /** What a subscriber at a node that was killed got again of its last seconds: it had not been noted on disk yet. */
  readonly repeated: number;
  /** First arrivals behind a later message of the same client. */
  readonly outOfOrder: number;
  /** Arrivals of what nobody sent. */
  readonly foreign: number;
}

interface Arrivals {
  readonly seen: Set<number>;
  highest: number;
}

/** Holds what the subscribers got against what the publishers sent: numbers from 0, counted up by each publisher. */
export class FlowLedger {
  readonly #sent = new Map<MqttNode, number>();
  readonly #arrivals = new Map<string, Arrivals>();
  readonly #killed = new Set<MqttNode>();
  readonly #repeatable = new Map<string, number>();
  readonly #counts = { acknowledged: 0, received: 0, duplicated: 0, repeated: 0, outOfOrder: 0, foreign: 0 };

  /** The number of the publisher's next message. */
  send(from: MqttNode): number {
    const number = this.#sent.get(from) ?? 0;
    this.#sent.set(from, number + 1);
    return number;
  }

  /** The publisher was answered. */
  acknowledge(): void {
    this.#counts.acknowledged++;
  }

  /** A subscriber at `at` got the publisher's message. */
  arrive(at: MqttNode, from: MqttNode, number: number): void {
    if (!(number < (this.#sent.get(from) ?? 0))) {
      this.#counts.foreign++;
      return;
    }
    const arrivals = this.#of(at, from);
    if (arrivals.seen.has(number)) {
      if (number <= (this.#repeatable.get(`${at} ${from}`) ?? -1)) this.#counts.repeated++;
      else this.#counts.duplicated++;
      return;
    }
    arrivals.seen.add(number);
    this.#counts.received++;
    if (number < arrivals.highest) this.#counts.outOfOrder++;
    else arrivals.highest = number;
  }

  /** The node is killed. Its subscriber still reads what had come by then. */
  killed(at: MqttNode): void {
    this.#killed.add(at);
  }

  /** The subscriber at a node has a connection: after a kill, what it had got until now may come to it once more. */
  connected(at: MqttNode): void {
    if (!this.#killed.delete(at)) return;
    for (const from of MQTT_NODES) this.#repeatable.set(`${at} ${from}`, this.#of(at, from).highest);
  }

  get sent(): number {
    return [...this.#sent.values()].reduce((sum, count) => sum + count, 0);
  }

  get received(): number {
    return this.#counts.received;
  }

  /** Each message was answered for and is at each subscriber. */
  get isComplete(): boolean {
    const { acknowledged, received } = this.#counts;
    return acknowledged === this.sent && received === this.sent * MQTT_NODES.length;
  }

  findings(): FlowFindings {
    const { sent } = this;
    return { sent, lost: sent * MQTT_NODES.length - this.#counts.received, ...this.#counts };
  }

  #of(at: MqttNode, from: MqttNode): Arrivals {
    const name = `${at} ${from}`;
    const arrivals = this.#arrivals.get(name) ?? { seen: new Set<number>(), highest: -1 };
    this.#arrivals.set(name, arrivals);
    return arrivals;
  }
}
