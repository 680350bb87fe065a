import type { ChannelJournal } from '../journal/index.ts';
import type { CarriedChannels } from './carried-channels.ts';
import type { DeliveredMessage } from './delivery.ts';

/** Last values, and whether those are all. */
export interface LastValues {
  readonly messages: readonly DeliveredMessage[];
  /** False where there are more topics than are looked after, or than were asked for. */
  readonly complete: boolean;
}

/** Where the last value of a topic lies. */
interface Place {
  readonly channel: string;
  readonly position: number;
  readonly seq: number;
  readonly lamport: number;
  readonly author: string;
  /** It was retained and empty: there is no value. */
  readonly cleared: boolean;
}

/** Topics that are looked after, about 300 bytes each; of more, the last values are not known. */
const TOPICS_MAX = 50_000;
const READ = { bytesMax: 1_048_576, recordsMax: 1_024 };

/** What {@link LastValueIndex} works with. */
export interface LastValueIndexDependencies {
  readonly channels: CarriedChannels;
  /** A message where it lies; `null` if it is not there any more. */
  readonly readOne: (place: {
    readonly channel: string;
    readonly position: number;
    readonly seq: number;
  }) => Promise<DeliveredMessage | null>;
}

/**
 * Which message of each topic is the last: the one with the highest (lamport, author, number), as for a subscription
 * from `last`. Nothing is read before somebody asks; then all that is held once, and later only what came since.
 */
export class LastValueIndex {
  readonly #deps: LastValueIndexDependencies;
  readonly #places = new Map<string, Place>();
  readonly #next = new Map<string, number>();
  #full = false;
  #catchingUp: Promise<void> | null = null;

  constructor(deps: LastValueIndexDependencies) {
    this.#deps = deps;
  }

  /** See `Mesh.lastValues`. */
  async read(wants: (topic: string) => boolean, max: number): Promise<LastValues> {
    await this.#catchUp();
    const messages: DeliveredMessage[] = [];
    for (const [topic, place] of [...this.#places]) {
      if (place.cleared || !wants(topic)) continue;
      if (messages.length >= max) return { messages, complete: false };
      const message = await this.#deps.readOne(place);
      if (message !== null) messages.push(message);
    }
    return { messages, complete: !this.#full };
  }

  /** One reading at a time, however many ask; who asks during one waits for what came since, too. */
  async #catchUp(): Promise<void> {
    while (this.#catchingUp !== null) await this.#catchingUp;
    this.#catchingUp = this.#readOn().finally(() => {
      this.#catchingUp = null;
    });
    await this.#catchingUp;
  }

  async #readOn(): Promise<void> {
    for (const [channel, journal] of this.#deps.channels.journals)
      if (!channel.startsWith('$')) await this.#readJournal(channel, journal);
  }

  async #readJournal(channel: string, journal: ChannelJournal): Promise<void> {
    for (;;) {
      const records = await journal.readArrival(this.#next.get(channel) ?? 1, READ);
      if (records.length === 0) return;
      for (const record of records) {
        const entry = this.#deps.channels.decode(record);
        entry?.messages?.forEach((message, index) => {
          const { position } = record;
          const { lamport, author } = entry;
          const cleared = message.retain === true && message.payload.length === 0;
          this.#note(message.topic, { channel, position, seq: entry.seq + index, lamport, author, cleared });
        });
      }
      this.#next.set(channel, records.at(-1)!.position + 1);
    }
  }

  #note(topic: string, place: Place): void {
    const before = this.#places.get(topic);
    if (before === undefined && this.#places.size >= TOPICS_MAX) this.#full = true;
    else if (before === undefined || isLater(place, before)) this.#places.set(topic, place);
  }
}

function isLater(a: Place, b: Place): boolean {
  if (a.lamport !== b.lamport) return a.lamport > b.lamport;
  if (a.author !== b.author) return a.author > b.author;
  return a.seq > b.seq;
}
