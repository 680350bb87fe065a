import { evidenceChecker } from './evidence-checker.ts';
import { type LogLedger, ledgerOf } from './log-ledger.ts';
import type { RawEntry } from './raw-entry.ts';
import { covers, logKey } from './raw-journal.ts';
import { type NodeEvidence, type RunEvidence, topicTest } from './run-evidence.ts';
import { type SubscriberStory, subscriberStories, titleOf } from './subscriber-story.ts';

/**
 * What one running node holds, every other one that it can reach holds too, unless its retention let it go; and every
 * application that asked for it has had it. Of a forked epoch that goes for what its author wrote itself and still has:
 * it comes again in another one. Messages with a lifetime of their own are not waited for.
 */
export const nothingLost = evidenceChecker('nothing lost that somebody still holds', function* (evidence) {
  const ledger = ledgerOf(evidence);
  for (const group of evidence.groups) {
    const nodes = evidence.nodes.filter(({ name }) => group.includes(name));
    const held = new Map<RawEntry, string>();
    for (const { name, disk } of nodes)
      for (const entry of disk.entries) held.set(entry, held.get(entry) ?? name);
    yield* unheld(nodes, held, ledger);
    const due = [...held.keys()].filter(
      (entry) => ledger.stands(entry) || nodes.some(({ disk }) => disk.own.has(entry)),
    );
    for (const story of subscriberStories(evidence)) {
      if (nodes.includes(story.node)) yield* undelivered(story, due, evidence);
    }
  }
});

function* unheld(
  nodes: readonly NodeEvidence[],
  held: ReadonlyMap<RawEntry, string>,
  ledger: LogLedger,
): Iterable<readonly [string, string]> {
  for (const [entry, holder] of held) {
    if (!ledger.stands(entry) || entry.ttlSeconds > 0) continue;
    for (const { name, disk } of nodes) {
      if (disk.entries.has(entry) || covers(disk.letGo.get(logKey(entry)), entry.seq)) continue;
      const { author } = ledger.logs.get(logKey(entry))!;
      yield [name, `${name} has not ${entry.seq} of ${author} in ${entry.channel}, and ${holder} has it`];
    }
  }
}

function* undelivered(
  story: SubscriberStory,
  due: readonly RawEntry[],
  evidence: RunEvidence,
): Iterable<readonly [string, string]> {
  const { node, subscription } = story;
  if (subscription.closed || (story.restarted && subscription.options.durable === undefined)) return;
  const published =
    subscription.options.from === 'all' ? null : publishedSince(evidence, subscription.sinceSeconds);
  const matches = topicTest(subscription.filters);
  const got = new Set(story.events.map(({ content }) => content));
  for (const entry of due) {
    if (entry.ttlSeconds > 0) continue;
    for (const { seq, topic, content } of entry.messages) {
      if (got.has(content) || topic.startsWith('$') || !matches(topic)) continue;
      if (published !== null && !published.has(content)) continue;
      if (covers(node.disk.letGo.get(logKey(entry)), seq) && isReported(story, entry, seq, evidence))
        continue;
      const author = evidence.names.get(entry.author) ?? entry.author;
      yield [node.name, `${titleOf(story)} never got ${seq} of ${author} in ${entry.channel} (${topic})`];
    }
  }
}

function isReported(story: SubscriberStory, entry: RawEntry, seq: number, { names }: RunEvidence): boolean {
  const author = names.get(entry.author) ?? entry.author;
  return story.events.some(
    (event) =>
      event.event === 'gap' &&
      event.author === author &&
      event.channel === entry.channel &&
      event.epoch === entry.epoch &&
      event.first! <= seq &&
      seq <= event.last!,
  );
}

function publishedSince({ events }: RunEvidence, seconds: number): Set<string> {
  const contents = new Set<string>();
  for (const { event, t, content } of events)
    if (event === 'publish' && t > seconds && content !== undefined) contents.add(content);
  return contents;
}
