/** Messages and bytes that passed through a channel since the start. */
export interface ChannelTraffic {
  readonly channel: string;
  /** Messages that this node published and stored. */
  readonly published: number;
  /** Messages of others that were stored, however they came. */
  readonly received: number;
  /** Messages and gaps handed to subscriptions; one that goes to two of them counts twice. */
  readonly delivered: number;
  /** Bytes of the entries that were stored: what the journal grew by before anything was dropped. */
  readonly storedBytes: number;
}

type Counts = { -readonly [K in keyof ChannelTraffic]: ChannelTraffic[K] };

/** Counts the traffic of each channel. */
export class TrafficBook {
  readonly #channels = new Map<string, Counts>();

  /** An entry of a channel was stored. */
  noteStored(
    channel: string,
    entry: { readonly messages: number; readonly bytes: number; readonly own: boolean },
  ): void {
    const traffic = this.#of(channel);
    if (entry.own) traffic.published += entry.messages;
    else traffic.received += entry.messages;
    traffic.storedBytes += entry.bytes;
  }

  /** Messages or gaps were handed out, in this order. */
  noteDelivered(deliveries: readonly { readonly channel: string }[]): void {
    let traffic: Counts | null = null;
    for (const { channel } of deliveries) {
      // Mostly all of a batch are of one channel.
      if (traffic?.channel !== channel) traffic = this.#of(channel);
      traffic.delivered++;
    }
  }

  /** What passed through a channel. */
  of(channel: string): ChannelTraffic {
    return this.#channels.get(channel) ?? noTraffic(channel);
  }

  #of(channel: string): Counts {
    const known = this.#channels.get(channel);
    if (known !== undefined) return known;
    const traffic = noTraffic(channel);
    this.#channels.set(channel, traffic);
    return traffic;
  }
}

function noTraffic(channel: string): Counts {
  return { channel, published: 0, received: 0, delivered: 0, storedBytes: 0 };
}
