import { evidenceChecker } from './evidence-checker.ts';
import { ledgerOf } from './log-ledger.ts';
import { covers, type RawRanges } from './raw-journal.ts';
import { subscriberStories, titleOf } from './subscriber-story.ts';

/**
 * Each author's messages of a log come by rising numbers. Only what fills a gap that was reported, or has a number of which its author said
 * that it may be unused, may come later, and it says so; and nothing else says so. Subscriptions in order of arrival are not held to this.
 */
export const authorOrder = evidenceChecker('author order', function* (evidence) {
  const ledger = ledgerOf(evidence);
  for (const story of subscriberStories(evidence)) {
    if (story.subscription.options.order === 'arrival') continue;
    let logs = new Map<string, { last: number; gaps: [number, number][] }>();
    for (const event of story.events) {
      const { event: kind, author = '', channel = '', epoch = '', seq = 0, first = 0, last = 0 } = event;
      if (kind === 'start' && story.subscription.options.durable === undefined) logs = new Map();
      if (kind === 'wipe' || kind === 'restore') logs = new Map();
      if (kind !== 'delivery' && kind !== 'gap') continue;
      const key = `${channel} ${author} ${epoch}`;
      const log = logs.get(key) ?? { last: 0, gaps: [] };
      logs.set(key, log);
      const place = `of ${author} in ${channel}, epoch ${epoch}`;
      if (kind === 'gap') {
        if (first <= log.last && event.again !== true)
          yield [
            story.node.name,
            `${titleOf(story)} got the gap ${first} to ${last} ${place} after ${log.last}`,
          ];
        log.gaps.push([first, last]);
        log.last = Math.max(log.last, last);
      } else if (event.late === true) {
        const declared = ledger.logNamed({ channel, author, epoch })?.unused.has(seq) === true;
        if (!declared && !covers(log.gaps as RawRanges, seq))
          yield [story.node.name, `${titleOf(story)} got ${seq} ${place} as late, and it was in no gap`];
      } else {
        if (seq <= log.last && event.again !== true)
          yield [story.node.name, `${titleOf(story)} got ${seq} ${place} after ${log.last}`];
        log.last = Math.max(log.last, seq);
      }
    }
  }
});
