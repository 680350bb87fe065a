import { SedgeError } from '../errors/index.ts';
import type { ChannelJournal } from '../journal/index.ts';
import { splitMessageOffset } from './message-offset.ts';

/** A place between two messages of a journal: behind the first `taken` messages of the entry at a position. */
export interface JournalCut {
  readonly position: number;
  /** 0: before the entry. */
  readonly taken: number;
}

/** A cut through the journals of some channels, by channel: reading goes on there, to either side. */
export type JournalCuts = ReadonlyMap<string, JournalCut>;

type Journals = ReadonlyMap<string, ChannelJournal>;

/** Channels that a text may name. */
const CHANNELS_MAX = 1_024;

/**
 * Cuts as text: `main=<incarnation>:<position>` behind the entry at the position, `.<n>` behind its first n messages, with
 * commas between channels. What a message carries as its `offset` is such a cut without its channel.
 */
export function formatCuts(cuts: JournalCuts, journals: Journals): string {
  return [...cuts]
    .flatMap(([channel, { position, taken }]) => {
      const journal = journals.get(channel);
      if (journal === undefined) return [];
      if (taken > 0) return [`${channel}=${journal.offsetText(position)}.${taken}`];
      return [`${channel}=${journal.offsetText(Math.max(0, position - 1))}`];
    })
    .join(',');
}

/**
 * Reads what {@link formatCuts} wrote, or a bare offset where there is one channel only. Channels that are not among the
 * journals are passed over. Throws `journal.offset-unknown` for a place that these journals do not have (another node's, or of a
 * card that was wiped) and `mesh.bad-option`.
 */
export function parseCuts(text: string, journals: Journals): JournalCuts {
  const cuts = new Map<string, JournalCut>();
  const parts = text.split(',');
  if (parts.length > CHANNELS_MAX) throw badCursor('it names too many channels');
  for (const part of parts) {
    const [channel, offset] = channelAndOffset(part, journals);
    const journal = journals.get(channel);
    if (journal !== undefined) cuts.set(channel, cutAt(journal, offset));
  }
  return cuts;
}

function channelAndOffset(part: string, journals: Journals): readonly [string, string] {
  const at = part.indexOf('=');
  if (at >= 0) return [part.slice(0, at), part.slice(at + 1)];
  const [only, ...others] = journals.keys();
  if (only === undefined || others.length > 0)
    throw badCursor('an offset alone needs filters within one channel; write CHANNEL=OFFSET');
  return [only, part];
}

function cutAt(journal: ChannelJournal, offset: string): JournalCut {
  const { entryOffset, taken } = splitMessageOffset(offset);
  const resolved = journal.resolveOffset(entryOffset);
  if (!resolved.ok) throw new SedgeError(resolved.code, { offset: offset.slice(0, 64) });
  const { position } = resolved.value;
  return taken === null ? { position: position + 1, taken: 0 } : { position, taken };
}

function badCursor(reason: string): SedgeError {
  return new SedgeError('mesh.bad-option', { option: 'cursor', reason });
}
