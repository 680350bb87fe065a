import type { ChannelDeclaration } from './realm-record.ts';
import { RecentMap } from './recent-map.ts';

/** The channel of what no declared channel takes. */
export const MAIN_CHANNEL = 'main';
/** The channel of grants, revocations and realm records. */
export const REALM_CHANNEL = '$realm';
/** The channel of what nodes say of themselves when something is wrong. */
export const ALERTS_CHANNEL = '$alerts';

/** Channels of sedge's own; their topics are theirs alone, whatever the realm declares. */
const RESERVED_CHANNELS = Object.freeze([REALM_CHANNEL, ALERTS_CHANNEL]);

/** Topics whose channel is remembered. */
const CACHE_MAX = 8_192;

/** Finds the channel of a topic. Where several prefixes fit the longest counts. */
export class ChannelMap {
  readonly #nameByPrefix: ReadonlyMap<string, string>;
  readonly #cache = new RecentMap<string>(CACHE_MAX);

  constructor(channels: readonly ChannelDeclaration[]) {
    this.#nameByPrefix = new Map(channels.map(({ name, filter }) => [filter.slice(0, -2), name]));
  }

  channelOf(topic: string): string {
    if (topic[0] === '$') {
      const reserved = RESERVED_CHANNELS.find((name) => topic.startsWith(name) && isWithin(topic, name));
      if (reserved !== undefined) return reserved;
    }
    if (this.#nameByPrefix.size === 0) return MAIN_CHANNEL;
    const cached = this.#cache.get(topic);
    if (cached !== undefined) return cached;
    const channel = this.#find(topic);
    this.#cache.set(topic, channel);
    return channel;
  }

  #find(topic: string): string {
    let prefix = topic;
    for (;;) {
      const name = this.#nameByPrefix.get(prefix);
      if (name !== undefined) return name;
      const slash = prefix.lastIndexOf('/');
      if (slash === -1) return MAIN_CHANNEL;
      prefix = prefix.slice(0, slash);
    }
  }
}

function isWithin(topic: string, prefix: string): boolean {
  return topic.length === prefix.length || topic[prefix.length] === '/';
}
