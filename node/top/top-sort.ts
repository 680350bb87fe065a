import type { ChannelTelemetry, PeerTelemetry } from '../telemetry/index.ts';

/** By what rows are sorted: what moves and lags first, names, or what is large. */
export const TOP_SORTS = Object.freeze(['busy', 'name', 'size'] as const);

/** One of {@link TOP_SORTS}. */
export type TopSort = (typeof TOP_SORTS)[number];

/** Channels in the order to show them. */
export function sortChannels(channels: readonly ChannelTelemetry[], by: TopSort): ChannelTelemetry[] {
  const figure = (channel: ChannelTelemetry): number => {
    if (by === 'name') return 0;
    return by === 'size' ? channel.bytes : rateOf(channel);
  };
  return [...channels].sort((a, b) => figure(b) - figure(a) || compare(a.channel, b.channel));
}

/** Peers in the order to show them: of those that lag, the one that loses something first. */
export function sortPeers(peers: readonly PeerTelemetry[], by: TopSort): PeerTelemetry[] {
  const lag = (peer: PeerTelemetry) => peer.missingThere + peer.missingHere;
  const loss = (peer: PeerTelemetry) => peer.lossInMs ?? Number.MAX_VALUE;
  return [...peers].sort((a, b) => {
    const byName = compare(a.name, b.name) || compare(a.node, b.node);
    if (by === 'name') return byName;
    if (by === 'size') return lag(b) - lag(a) || byName;
    return loss(a) - loss(b) || lag(b) - lag(a) || byName;
  });
}

function rateOf({ published, received, delivered }: ChannelTelemetry): number {
  return published.perSecond + received.perSecond + delivered.perSecond;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
