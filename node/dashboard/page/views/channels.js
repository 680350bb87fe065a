import { DataTable } from '../data-table.js';
import { el } from '../dom.js';
import { bytes, bytesPerSecond, count, NOTHING, perSecond, plural, span } from '../format.js';
import { emptyState, panel } from '../pieces.js';
import { RateHistory } from '../rate-history.js';
import { sparkline } from '../sparkline.js';

/** @typedef {import('../../../../src/mesh/mesh-status.ts').ChannelStatus} ChannelStatus */

const WHY = {
  'let-go': 'dropped here by retention',
  forked: 'behind the end of a forked epoch; their authors publish them again',
  'held-elsewhere': 'held by a peer, on their way',
  nowhere: 'held by no peer heard of so far',
};

/** Channels with what goes through, what is held and what is lost. @param {import('../context.js').Context} context @returns {import('../context.js').View} */
export function channels({ state }) {
  /** @param {string} channel */
  const telemetryOf = (channel) => state.sections.telemetry?.channels.find((one) => one.channel === channel);
  /** @type {Map<string, ReturnType<typeof sparkline>>} */
  const trends = new Map();
  /** @type {DataTable<ChannelStatus>} */
  const table = new DataTable({
    caption: 'Channels',
    key: ({ channel }) => channel,
    empty: emptyState('No channels yet.', 'sedge channels'),
    columns: [
      { title: 'Channel', kind: 'name', text: ({ channel }) => channel },
      {
        title: 'Topics',
        text: ({ channel, filter }) => filter ?? (channel === 'main' ? 'all others' : NOTHING),
      },
      {
        title: 'Messages in',
        kind: 'figure',
        text: ({ channel }) => {
          const flows = telemetryOf(channel);
          return flows === undefined
            ? NOTHING
            : perSecond(flows.published.perSecond + flows.received.perSecond);
        },
      },
      {
        title: 'Two minutes',
        text: ({ channel }) => channel,
        render: (cell, { channel }) => {
          const trend = sparkline({ height: 18, zero: true });
          trends.set(channel, trend);
          cell.replaceChildren(trend.element);
        },
      },
      {
        title: 'Stored',
        kind: 'figure',
        text: ({ channel }) => bytesPerSecond(telemetryOf(channel)?.stored.perSecond),
      },
      { title: 'Held', kind: 'figure', text: ({ messages }) => count(messages) },
      { title: 'On disk', kind: 'figure', text: (channel) => bytes(channel.bytes) },
      { title: 'Oldest', kind: 'figure', text: ({ oldestAgeMs }) => span(oldestAgeMs) },
      { title: 'Kept', text: ({ policy }) => keptText(policy) },
      {
        title: 'Dropped',
        kind: 'figure',
        text: ({ dropped }) => count(totalOf(dropped)),
        hint: ({ dropped }) => droppedText(dropped),
      },
      { title: 'Gaps', kind: 'figure', text: ({ gaps }) => count(gaps) },
    ],
  });
  /** @type {DataTable<{ channel: string, why: keyof typeof WHY, messages: number }>} */
  const losses = new DataTable({
    caption: 'Losses',
    key: ({ channel, why }) => `${channel} ${why}`,
    empty: emptyState('Nothing is missing: all messages known to exist are here or were let go by nobody.'),
    columns: [
      { title: 'Channel', kind: 'name', text: ({ channel }) => channel },
      { title: 'Messages', kind: 'figure', text: ({ messages }) => count(messages) },
      { title: 'Why', text: ({ why }) => WHY[why] ?? why },
    ],
  });
  return {
    element: el(
      'div',
      {},
      panel('What goes through and what is held', table.element),
      panel('What is not here, and why', losses.element),
    ),
    update() {
      const all = state.sections.status?.channels ?? [];
      table.update(all);
      losses.update(
        all.flatMap(({ channel, losses: lost }) =>
          lost.filter(({ messages }) => messages > 0).map((loss) => ({ channel, ...loss })),
        ),
      );
      for (const [channel, trend] of trends)
        trend.update(state.channelRates.get(channel)?.history ?? [], RateHistory.capacity);
    },
  };
}

/** @param {import('../../../../src/realm/channel-policy.ts').ChannelPolicy} policy */
function keptText({ retentionSeconds = 0, retentionBytes = 0, retentionMessages = 0 }) {
  const limits = [
    retentionSeconds > 0 ? span(retentionSeconds * 1_000) : '',
    retentionBytes > 0 ? bytes(retentionBytes) : '',
    retentionMessages > 0 ? plural(retentionMessages, 'message') : '',
  ].filter((limit) => limit !== '');
  return limits.length === 0 ? 'while there is room' : `at most ${limits.join(', ')}`;
}

/** @param {Readonly<Record<string, number>>} dropped */
function totalOf(dropped) {
  return Object.values(dropped).reduce((sum, one) => sum + one, 0);
}

/** @param {Readonly<Record<string, number>>} dropped */
function droppedText(dropped) {
  return Object.entries(dropped)
    .filter(([, messages]) => messages > 0)
    .map(([reason, messages]) => `${reason}: ${count(messages)}`)
    .join(', ');
}
