import { messageKey } from '../world/content.ts';
import { evidenceChecker } from './evidence-checker.ts';
import { type LogLedger, ledgerOf } from './log-ledger.ts';
import type { RawEntry } from './raw-entry.ts';
import { covers, logKey } from './raw-journal.ts';
import { type NodeEvidence, type RunEvidence, topicTest } from './run-evidence.ts';
import { type SubscriberStory, subscriberStories, titleOf } from './subscriber-story.ts';

/**
 * What one running node holds, every other one that it can reach holds too, unless its retention let it go; and every
 * application that asked for it has had it. What was acknowledged as durable is on its publisher's disk. Of a forked epoch that goes for what its author wrote itself and still has:
 * it comes again in another one. Messages with a lifetime of their own are not waited for.
 */
export const nothingLost = evidenceChecker('nothing lost that somebody still holds', function* (evidence) {
  yield* taken(evidence);
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
  const got = new Set(story.events.filter(({ event }) => event === 'delivery').map(messageKey));
  for (const entry of due) {
    if (entry.ttlSeconds > 0) continue;
    const author = evidence.names.get(entry.author) ?? entry.author;
    for (const { seq, topic, content } of entry.messages) {
      const key = messageKey({ author, topic, content });
      if (got.has(key) || topic.startsWith('$') || !matches(topic)) continue;
      if (published !== null && !published.has(key)) continue;
      if (covers(node.disk.letGo.get(logKey(entry)), seq) && isReported(story, entry, seq, evidence))
        continue;
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
  return new Set(events.filter(({ event, t }) => event === 'publish' && t > seconds).map(messageKey));
}

/** What was acknowledged as durable lies on its publisher's disk, if that is still the one that it was. */
function* taken(evidence: RunEvidence): Iterable<readonly [string, string]> {
  const replaced = new Set(
    evidence.events.flatMap(({ event, node }) => (event === 'wipe' || event === 'restore' ? [node] : [])),
  );
  for (const node of evidence.nodes) {
    if (replaced.has(node.name)) continue;
    const numbers = new Map<string, string>();
    for (const { channel, epoch, messages } of node.disk.own)
      for (const { seq, content } of messages) numbers.set(`${channel} ${epoch} ${seq}`, content);
    for (const { node: by, channel, epoch, seq, content, durable } of evidence.published) {
      if (by !== node.name || !durable || numbers.get(`${channel} ${epoch} ${seq}`) === content) continue;
      const own = [...node.disk.letGo].filter(
        ([log]) => log.startsWith(`${channel} `) && log.endsWith(` ${epoch}`),
      );
      if (own.some(([, ranges]) => covers(ranges, seq))) continue;
      yield [
        node.name,
        `${node.name} acknowledged ${seq} in ${channel} as durable, and its disk has it no more`,
      ];
    }
  }
}
