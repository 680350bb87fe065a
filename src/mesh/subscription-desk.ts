import type { LogId } from '../entry/index.ts';
import { SedgeError } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import {
  type ChannelJournal,
  CursorFile,
  type Disk,
  type SeqRange,
  type StoredEntry,
} from '../journal/index.ts';
import type { Realm } from '../realm/index.ts';
import { TopicFilter } from '../topic/index.ts';
import type { CarriedChannels } from './carried-channels.ts';
import type { Delivery } from './delivery.ts';
import { DurableProgress } from './durable-progress.ts';
import {
  JournalSubscription,
  type SubscriptionDependencies,
  type SubscriptionSpec,
} from './journal-subscription.ts';
import type { SubscribeOptions } from './subscribe-options.ts';
import { channelsOfFilter } from './subscribed-channels.ts';
import type { AcceptTopic, SelectiveSubscription, Subscription } from './subscription.ts';

/** What {@link SubscriptionDesk} works with. */
export interface SubscriptionDeskDependencies {
  readonly self: NodeId;
  readonly realm: Realm;
  readonly channels: CarriedChannels;
  readonly disk: Disk;
  /** Where durable subscriptions are kept. */
  readonly directory: string;
  readonly isSupplied: (channel: string, log: LogId, range: SeqRange) => boolean;
  /** True for an entry past its lifetime. */
  readonly isExpired: SubscriptionDependencies['isExpired'];
  readonly ageMs: SubscriptionDependencies['ageMs'];
  readonly nowMs: () => number;
  /** Messages and gaps were handed out. */
  readonly onDelivered: (batch: readonly Delivery[]) => void;
}

const DURABLE_NAME = /^[A-Za-z0-9._-]{1,64}$/;
const FILTERS_MAX = 64;
const GAP_PATIENCE_MS_DEFAULT = 10_000;
const BUFFER_MESSAGES_DEFAULT = 4_096;

/** Opens subscriptions, and tells the open ones of what was stored and of new channels. */
export class SubscriptionDesk {
  readonly #deps: SubscriptionDeskDependencies;
  readonly #open = new Set<{ subscription: JournalSubscription; widen: () => void }>();
  readonly #durableNames = new Set<string>();
  #delivered = 0;

  constructor(deps: SubscriptionDeskDependencies) {
    this.#deps = deps;
  }

  /** Messages and gaps handed out since the start. */
  get delivered(): number {
    return this.#delivered;
  }

  /** See `Mesh.subscribe`. */
  open(filters: readonly string[], options: SubscribeOptions): Subscription {
    return this.#add(resolveSubscribe(filters, options), options);
  }

  /** See `Mesh.subscribeWhere`. */
  openWhere(accept: AcceptTopic, options: SubscribeOptions): SelectiveSubscription {
    return this.#add({ ...resolveSubscribe(['#'], options), accept }, options);
  }

  /** See `Mesh.forgetSubscription`. */
  async forget(durable: string): Promise<void> {
    checkDurable(durable);
    if (this.#durableNames.has(durable)) throw new SedgeError('mesh.subscription-in-use', { name: durable });
    const { disk, directory } = this.#deps;
    await disk.remove(`${directory}/${durable}`);
  }

  #add(spec: SubscriptionSpec, options: SubscribeOptions): JournalSubscription {
    const journals = new Map<string, ChannelJournal>();
    const widen = () => this.#widen(journals, spec);
    widen();
    const entry = { subscription: this.#make(spec, journals, options), widen };
    this.#open.add(entry);
    const { subscription } = entry;
    options.signal?.addEventListener('abort', () => void subscription.close(), { once: true });
    if (options.signal?.aborted) void subscription.close();
    return subscription;
  }

  /** Tells all of an entry that was stored. */
  deliver(stored: StoredEntry): void {
    for (const { subscription } of this.#open) subscription.onStored(stored);
  }

  /** Retention let something go: what was not read yet is to be said. */
  noteLetGo(): void {
    for (const { subscription } of this.#open) subscription.onLetGo();
  }

  /** Tells all of an epoch that ended in a fork. */
  end(channel: string, log: LogId, end: number): void {
    for (const { subscription } of this.#open) subscription.onEnd(channel, log, end);
  }

  /** Gives all subscriptions the channels that were opened since. */
  widen(): void {
    for (const { widen } of this.#open) widen();
  }

  /** Closes all subscriptions. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map(({ subscription }) => subscription.close()));
  }

  #make(
    spec: SubscriptionSpec,
    journals: ReadonlyMap<string, ChannelJournal>,
    { durable }: SubscribeOptions,
  ): JournalSubscription {
    if (durable !== undefined && this.#durableNames.has(durable)) {
      throw new SedgeError('mesh.subscription-in-use', { name: durable });
    }
    if (durable !== undefined) this.#durableNames.add(durable);
    const filters = spec.filters.map(({ text }) => text);
    const subscription: JournalSubscription = new JournalSubscription(spec, {
      self: this.#deps.self,
      journals,
      durable: durable === undefined ? null : new DurableProgress(this.#cursorFile(durable), filters),
      decode: (record) => this.#deps.channels.decode(record),
      nameOf: (node) => this.#deps.realm.nameOf(node),
      isSupplied: this.#deps.isSupplied,
      isExpired: this.#deps.isExpired,
      ageMs: this.#deps.ageMs,
      nowMs: this.#deps.nowMs,
      onDelivered: (batch) => {
        this.#delivered += batch.length;
        this.#deps.onDelivered(batch);
      },
      onClosed: () => {
        if (durable !== undefined) this.#durableNames.delete(durable);
        for (const entry of this.#open) {
          if (entry.subscription === subscription) this.#open.delete(entry);
        }
      },
    });
    return subscription;
  }

  #cursorFile(name: string): CursorFile {
    return new CursorFile(this.#deps.disk, { directory: this.#deps.directory, name });
  }

  /** Gives a subscription the journals that its filters can match in. */
  #widen(journals: Map<string, ChannelJournal>, spec: SubscriptionSpec): void {
    const declared = this.#deps.realm.channels();
    for (const { text } of spec.filters) {
      for (const channel of channelsOfFilter(text, declared)) {
        const journal = this.#deps.channels.of(channel);
        if (journal !== null) journals.set(channel, journal);
      }
    }
  }
}

function resolveSubscribe(filters: readonly string[], options: SubscribeOptions): SubscriptionSpec {
  if (filters.length === 0 || filters.length > FILTERS_MAX) {
    throw new SedgeError('mesh.bad-option', { option: 'filters', least: 1, most: FILTERS_MAX });
  }
  const parsed = filters.map((text) => {
    const filter = TopicFilter.parse(text);
    if (!filter.ok) throw new SedgeError(filter.code, { filter: text.slice(0, 100) });
    return filter.value;
  });
  const { from, durable, order = 'author' } = options;
  const { gapPatienceMs = GAP_PATIENCE_MS_DEFAULT, bufferMessages = BUFFER_MESSAGES_DEFAULT } = options;
  if (durable !== undefined) checkDurable(durable);
  if (durable !== undefined && order === 'arrival') {
    throw new SedgeError('mesh.bad-option', {
      option: 'order',
      reason: 'a durable subscription goes by author',
    });
  }
  if (order !== 'author' && order !== 'arrival') {
    throw new SedgeError('mesh.bad-option', { option: 'order', form: 'author or arrival' });
  }
  if (from !== undefined && !isFrom(from)) {
    throw new SedgeError('mesh.bad-option', { option: 'from', form: 'new, all, last, a time or an offset' });
  }
  requireNumber('gapPatienceMs', gapPatienceMs, 0, 2 ** 31 - 1);
  requireNumber('bufferMessages', bufferMessages, 1, 65_536);
  return { filters: parsed, from: from ?? 'new', order, gapPatienceMs, bufferMessages };
}

function checkDurable(name: string): void {
  if (DURABLE_NAME.test(name)) return;
  throw new SedgeError('mesh.bad-option', {
    option: 'durable',
    form: '1 to 64 of a-z, A-Z, 0-9, "-", "_", "."',
  });
}

function isFrom(from: SubscribeOptions['from']): boolean {
  if (from === 'new' || from === 'all' || from === 'last') return true;
  if (typeof from !== 'object' || from === null) return false;
  return 'timeMs' in from ? Number.isFinite(from.timeMs) : typeof from.offset === 'string';
}

function requireNumber(option: string, value: number, least: number, most: number): void {
  if (Number.isFinite(value) && value >= least && value <= most) return;
  throw new SedgeError('mesh.bad-option', { option, least, most });
}
