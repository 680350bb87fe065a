import { evidenceChecker } from './evidence-checker.ts';
import { ledgerOf } from './log-ledger.ts';
import type { RunEvidence } from './run-evidence.ts';

/**
 * No node uses a number twice or breaks the chain of its log, whatever crashed. Only an author whose key or disk was copied may,
 * or one that runs no sedge.
 */
export const noNumberTwice = evidenceChecker('no number used twice', function* (evidence) {
  const excused = copied(evidence);
  const nodes = new Set(evidence.nodes.map(({ name }) => name));
  for (const { author, channel, epoch, end } of ledgerOf(evidence).logs.values()) {
    if (end < Number.POSITIVE_INFINITY && nodes.has(author) && !excused.has(author))
      yield [author, `${author} forked its log in ${channel}, epoch ${epoch}, at ${end}`];
  }
});

function copied({ events }: RunEvidence): Set<string> {
  const names = new Set<string>();
  for (const { event, node, peer } of events) {
    if (event === 'restore') names.add(node);
    if (event === 'clone' && peer !== undefined) names.add(peer);
  }
  return names;
}
