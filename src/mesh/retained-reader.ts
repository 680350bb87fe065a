import type { NodeId } from '../identity/index.ts';
import type { CarriedChannels } from './carried-channels.ts';
import type { DeliveredMessage } from './delivery.ts';
import type { Lifetimes } from './lifetimes.ts';
import { messageOffsetText } from './message-offset.ts';

/** What {@link RetainedReader} works with. */
export interface RetainedReaderDependencies {
  readonly channels: CarriedChannels;
  readonly lifetimes: Lifetimes;
  readonly nameOf: (node: NodeId) => string;
}

/** Where a message lies. */
interface Place {
  readonly channel: string;
  readonly position: number;
  readonly seq: number;
}

/** Reads retained values: which there are is known in memory, what they are lies in the journals. */
export class RetainedReader {
  readonly #deps: RetainedReaderDependencies;

  constructor(deps: RetainedReaderDependencies) {
    this.#deps = deps;
  }

  /** See `Mesh.retained`. */
  read(wants: (topic: string) => boolean): AsyncIterable<DeliveredMessage> {
    // Which values count is fixed at once: a subscription that was opened just before gets all that comes later.
    const places: Place[] = [];
    for (const [channel, journal] of this.#deps.channels.journals) {
      for (const { topic, position, seq } of journal.retainedValues())
        if (!topic.startsWith('$') && wants(topic)) places.push({ channel, position, seq });
    }
    return this.#readAll(places);
  }

  async *#readAll(places: readonly Place[]): AsyncGenerator<DeliveredMessage> {
    for (const place of places) {
      const message = await this.readOne(place);
      if (message !== null) yield message;
    }
  }

  /** The message at a place; `null` for one that retention or its lifetime took meanwhile. */
  async readOne({ channel, position, seq }: Place): Promise<DeliveredMessage | null> {
    const { channels, lifetimes, nameOf } = this.#deps;
    const journal = channels.of(channel);
    const [record] = (await journal?.readArrival(position, { recordsMax: 1 })) ?? [];
    if (journal == null || record?.position !== position) return null;
    const entry = channels.decode(record);
    const message = entry?.messages?.[seq - record.seq];
    if (entry === null || message === undefined || lifetimes.isExpired(entry, record.facts)) return null;
    const leftMs = entry.ttlSeconds * 1_000 - lifetimes.ageMs(record.facts);
    return {
      ...message,
      kind: 'message',
      author: entry.author,
      name: nameOf(entry.author),
      channel,
      epoch: entry.epoch,
      seq,
      offset: messageOffsetText(journal.offsetText(position), seq - record.seq, entry.count),
      late: false,
      ...(entry.ttlSeconds === 0 ? {} : { lifetimeLeftMs: Math.max(0, leftMs) }),
    };
  }
}
