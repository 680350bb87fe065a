import { evidenceChecker } from './evidence-checker.ts';
import { ledgerOf } from './log-ledger.ts';
import type { RawEntry } from './raw-entry.ts';
import { logKey } from './raw-journal.ts';
import type { NodeEvidence } from './run-evidence.ts';

/**
 * Running nodes that can reach each other have come equally far in every log, and each says of itself what lies on its
 * disk. A forked epoch ends for all at the number at which the entries on all disks prove that it forked.
 */
export const headsConverge = evidenceChecker('heads converge', function* (evidence) {
  const ledger = ledgerOf(evidence);
  for (const group of evidence.groups) {
    const heads = evidence.nodes
      .filter(({ name }) => group.includes(name))
      .map((node) => ({ node, lasts: lastsOn(node, (entry) => ledger.stands(entry)) }));
    const highest = new Map<string, { last: number; holder: string }>();
    for (const { node, lasts } of heads)
      for (const [log, last] of lasts)
        if (last > (highest.get(log)?.last ?? 0)) highest.set(log, { last, holder: node.name });
    for (const { node, lasts } of heads) {
      for (const [key, { last, holder }] of highest) {
        const log = ledger.logs.get(key);
        const of = `${log?.author ?? key}'s log in ${log?.channel}, epoch ${log?.epoch}`;
        const own = lasts.get(key) ?? 0;
        if (own < last) yield [node.name, `${node.name} has ${of} through ${own}, ${holder} through ${last}`];
        const says = node.saysLast.get(key) ?? 0;
        if (says !== own && own === last)
          yield [
            node.name,
            `${node.name} says that it has ${of} through ${says}, and its disk has it through ${own}`,
          ];
      }
    }
  }
});

function lastsOn({ disk }: NodeEvidence, stands: (entry: RawEntry) => boolean): Map<string, number> {
  const lasts = new Map<string, number>();
  for (const [log, ranges] of disk.letGo) lasts.set(log, Math.max(...ranges.map(([, last]) => last)));
  for (const entry of disk.entries) {
    if (!stands(entry)) continue;
    const key = logKey(entry);
    lasts.set(key, Math.max(lasts.get(key) ?? 0, entry.seq + entry.count - 1));
  }
  return lasts;
}
