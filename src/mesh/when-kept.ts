import { isSedgeError } from '../errors/index.ts';
import type { ChannelJournal } from '../journal/index.ts';

/** Resolves when a position is durable, over failures of the disk; `false` if the journal was stopped before. */
export async function whenKept(journal: ChannelJournal, position: number): Promise<boolean> {
  for (;;) {
    try {
      await journal.whenDurable(position);
      return true;
    } catch (error) {
      // A failed attempt is made again by the journal; asking again waits for that one.
      if (!isSedgeError(error) || error.code === 'journal.stopped') return false;
    }
  }
}
