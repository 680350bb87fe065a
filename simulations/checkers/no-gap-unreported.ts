import { messageKey } from '../world/content.ts';
import { evidenceChecker } from './evidence-checker.ts';
import { type LogLedger, ledgerOf } from './log-ledger.ts';
import { topicTest } from './run-evidence.ts';
import { type SubscriberStory, subscriberStories, titleOf } from './subscriber-story.ts';

/** Numbers looked at one by one between two deliveries; more in a row are no log of a scenario. */
const NUMBERS_MAX = 100_000;

/**
 * Between two numbers that an application got of a log, each one is accounted for: its topic was not asked for, the author
 * says that it may never have been used, the application had the message under another number, the epoch had ended before it, or a gap was reported.
 */
export const noGapUnreported = evidenceChecker('no gap unreported', function* (evidence) {
  const ledger = ledgerOf(evidence);
  for (const story of subscriberStories(evidence)) {
    if (story.subscription.options.order !== 'arrival') yield* gapsOf(story, ledger);
  }
});

function* gapsOf(story: SubscriberStory, ledger: LogLedger): Iterable<readonly [string, string]> {
  const { from = 'new', durable } = story.subscription.options;
  const matches = topicTest(story.subscription.filters);
  const seen = new Set<string>();
  let lasts = new Map<string, number>();
  for (const event of story.events) {
    if (event.event === 'start' && durable === undefined) lasts = new Map();
    if (event.event === 'wipe' || event.event === 'restore') lasts = new Map();
    if (event.event !== 'delivery' && event.event !== 'gap') continue;
    if (event.event === 'delivery') seen.add(messageKey(event));
    const { channel = '', author = '', epoch = '' } = event;
    const log = ledger.logNamed({ channel, author, epoch });
    const key = `${channel} ${author} ${epoch}`;
    const [first, last] = event.event === 'gap' ? [event.first!, event.last!] : [event.seq!, event.seq!];
    const before = lasts.get(key) ?? (from === 'all' && !story.restarted ? 0 : first - 1);
    lasts.set(key, Math.max(before, last));
    // What came next is on no disk any more, and with it what its author said of the numbers before it.
    if (event.event === 'delivery' && (log === undefined || ledger.messagesAt(log.key, first).length === 0))
      continue;
    const end = Math.min(first, log?.end ?? first, before + NUMBERS_MAX);
    for (let seq = before + 1; seq < end; seq++) {
      if (log?.unused.has(seq) === true) continue;
      const messages = log === undefined ? [] : ledger.messagesAt(log.key, seq);
      const unaccounted = ({ topic, content }: { readonly topic: string; readonly content: string }) =>
        matches(topic) && !seen.has(messageKey({ author, topic, content }));
      const passedOver = messages.length === 0 || messages.every(unaccounted);
      if (passedOver)
        yield [
          story.node.name,
          `${titleOf(story)} was told nothing of ${seq} of ${author} in ${channel}, before ${first}`,
        ];
    }
  }
}
