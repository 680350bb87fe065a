import { type JournalPlace, TopicFilter } from '../../../../src/index.ts';

/** A subscription of a session. */
export interface MqttSubscription {
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
  /** Nothing that this client published. */
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
  readonly id: number | null;
  /** By channel: what lies there or before came before the subscription. */
  readonly since: Readonly<Record<string, number>>;
}

/** Topics whose matches are remembered; only where so many filters have wildcards that looking is dearer. */
const TOPICS_MAX = 1_024;
const WILD_FILTERS_LEAST = 16;
const NONE: readonly MqttSubscription[] = Object.freeze([]);

interface Parsed {
  readonly subscription: MqttSubscription;
  readonly filter: TopicFilter;
}

/** The subscriptions of a session. Pure. */
export class SubscriptionSet {
  readonly #byFilter = new Map<string, Parsed>();
  /** Those with wildcards; the others are found by their text. */
  readonly #wild = new Map<string, Parsed>();
  readonly #matches = new Map<string, readonly MqttSubscription[]>();

  get size(): number {
    return this.#byFilter.size;
  }

  /** All, in the order in which they were made. */
  all(): MqttSubscription[] {
    return [...this.#byFilter.values()].map(({ subscription }) => subscription);
  }

  has(filter: string): boolean {
    return this.#byFilter.has(filter);
  }

  /** Adds a subscription, or replaces that of the same filter, which keeps its beginning. `false` if the filter is none. */
  add(subscription: MqttSubscription): boolean {
    const parsed = TopicFilter.parse(subscription.filter);
    if (!parsed.ok) return false;
    const before = this.#byFilter.get(subscription.filter)?.subscription;
    const entry = {
      subscription: before === undefined ? subscription : { ...subscription, since: before.since },
      filter: parsed.value,
    };
    this.#byFilter.set(subscription.filter, entry);
    if (/[+#]/.test(subscription.filter)) this.#wild.set(subscription.filter, entry);
    this.#matches.clear();
    return true;
  }

  /** `false` if there was none. */
  remove(filter: string): boolean {
    this.#wild.delete(filter);
    this.#matches.clear();
    return this.#byFilter.delete(filter);
  }

  /** The subscriptions that match a topic. */
  match(topic: string): readonly MqttSubscription[] {
    if (this.#wild.size < WILD_FILTERS_LEAST) return this.#look(topic);
    const known = this.#matches.get(topic);
    if (known !== undefined) return known;
    const matches = this.#look(topic);
    if (this.#matches.size >= TOPICS_MAX) this.#matches.clear();
    this.#matches.set(topic, matches);
    return matches;
  }

  #look(topic: string): readonly MqttSubscription[] {
    const exact = this.#wild.has(topic) ? undefined : this.#byFilter.get(topic);
    if (this.#wild.size === 0) return exact === undefined ? NONE : [exact.subscription];
    const found: MqttSubscription[] = exact === undefined ? [] : [exact.subscription];
    for (const { subscription, filter } of this.#wild.values())
      if (filter.matches(topic)) found.push(subscription);
    return found.length === 0 ? NONE : found;
  }

  /** The subscriptions for a message at a place. */
  matchAt(topic: string, { channel, position }: JournalPlace): readonly MqttSubscription[] {
    const matches = this.match(topic);
    if (matches.every(({ since }) => position > (since[channel] ?? 0))) return matches;
    return matches.filter(({ since }) => position > (since[channel] ?? 0));
  }
}
