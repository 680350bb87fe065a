import { type Entry, lastSeqOf } from '../entry/index.ts';

/** An entry of a run, with the age that came with it, milliseconds. */
export interface RunItem {
  readonly entry: Entry;
  readonly ageMs: number;
}

/** How an entry of a run is known to be its author's; `none` where it is not. */
export type RunProof = 'signature' | 'chain' | 'none';

/** Signatures checked in one go before others have their turn. */
const CHECKS_AT_ONCE = 64;

/**
 * Proves the entries of a run, ascending entries of one log, from the end: an entry is its author's if its own
 * signature verifies or if a proven entry after it names it as the previous one. A whole run costs one
 * signature check; where the chain is broken, the entry before the break is checked by itself.
 */
export async function proveRun(
  run: readonly Entry[],
  verify: (entry: Entry) => boolean,
): Promise<RunProof[]> {
  const proofs: RunProof[] = run.map(() => 'none');
  let checks = 0;
  for (let at = run.length - 1; at >= 0; at--) {
    const entry = run[at]!;
    const next = run[at + 1];
    if (next !== undefined && proofs[at + 1] !== 'none' && follows(next, entry)) proofs[at] = 'chain';
    else {
      proofs[at] = verify(entry) ? 'signature' : 'none';
      if (++checks % CHECKS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return proofs;
}

/** Cuts entries as they came into runs: ascending entries of one log. */
export function runsOf(items: readonly RunItem[]): RunItem[][] {
  const runs: RunItem[][] = [];
  for (const item of items) {
    const run = runs.at(-1);
    const before = run?.at(-1)?.entry;
    if (run !== undefined && before !== undefined && isLater(item.entry, before)) run.push(item);
    else runs.push([item]);
  }
  return runs;
}

/** An author vouches for the previous entry of the same log alone: nobody can vouch for another author's. */
function follows(next: Entry, entry: Entry): boolean {
  return next.prev === entry.id && isLater(next, entry);
}

function isLater(next: Entry, entry: Entry): boolean {
  return (
    next.author === entry.author &&
    next.epoch === entry.epoch &&
    next.channel === entry.channel &&
    next.seq > lastSeqOf(entry)
  );
}
