import type { ChannelJournal } from '../journal/index.ts';
import { rangesBelow, subtractRanges } from '../sync/index.ts';
import type { BundleHeads } from './bundle-items.ts';

/** Heads remembered of one bundle; further ones are passed over, as they serve a report alone. */
const HEADS_MAX = 65_536;

/** What the exporter of a bundle said that it held: a claim that raises no knowledge of what exists. */
export class ClaimedHeads {
  readonly #records: BundleHeads[] = [];
  #heads = 0;

  add(record: BundleHeads): void {
    if (this.#heads + record.heads.length > HEADS_MAX) return;
    this.#heads += record.heads.length;
    this.#records.push(record);
  }

  /** In their order. */
  all(): readonly BundleHeads[] {
    return this.#records;
  }

  /** How many messages were claimed that the journals neither hold nor have given up. */
  missingFrom(journalOf: (channel: string) => ChannelJournal | null): number {
    let missing = 0;
    for (const { channel, heads } of this.#records) {
      const journal = journalOf(channel);
      if (journal === null) continue;
      for (const { log, last, holes } of heads) {
        const lacking = subtractRanges(rangesBelow(last, holes), journal.heldRanges(log));
        for (const range of subtractRanges(lacking, journal.unwanted(log)))
          missing += range.last - range.first + 1;
      }
    }
    return missing;
  }
}
