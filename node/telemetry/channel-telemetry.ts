import type { ChannelStatus, ChannelTraffic } from '../../src/index.ts';
import type { RateState } from './rate-state.ts';
import type { ChannelTelemetry, Flow, MessageFlows } from './telemetry-snapshot.ts';

/** What is counted of a channel, under names of its own. */
export const FLOWS = Object.freeze(['published', 'received', 'delivered', 'storedBytes'] as const);

/** What a channel's counter is called among the samples. */
export function flowName(channel: string, flow: (typeof FLOWS)[number]): string {
  return `${channel} ${flow}`;
}

/** How channels are, from what is held and what went through. */
export function channelTelemetry(
  channels: readonly ChannelStatus[],
  traffic: ReadonlyMap<string, ChannelTraffic>,
  { rates, nowMs }: { readonly rates: RateState; readonly nowMs: number },
): ChannelTelemetry[] {
  return channels.map(({ channel, messages, bytes, gaps, dropped, policy }) => {
    const flow = (name: (typeof FLOWS)[number]): Flow => {
      const total = traffic.get(channel)?.[name] ?? 0;
      return { total, perSecond: rates.perSecond(nowMs, flowName(channel, name), total) };
    };
    return {
      channel,
      published: flow('published'),
      received: flow('received'),
      delivered: flow('delivered'),
      stored: flow('storedBytes'),
      messages,
      bytes,
      bytesMax: policy.retentionBytes || null,
      gaps,
      dropped,
    };
  });
}

/** The sum of all channels. */
export function sumOfFlows(channels: readonly MessageFlows[]): MessageFlows {
  const sum = (flow: keyof MessageFlows): Flow => ({
    total: channels.reduce((total, channel) => total + channel[flow].total, 0),
    perSecond: channels.reduce((total, channel) => total + channel[flow].perSecond, 0),
  });
  return { published: sum('published'), received: sum('received'), delivered: sum('delivered') };
}
