import { SedgeError } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ChannelJournal } from '../journal/index.ts';
import type { ChannelDeclaration } from '../realm/index.ts';
import { TopicFilter } from '../topic/index.ts';
import type { CarriedChannels } from './carried-channels.ts';
import type { DeliveredMessage } from './delivery.ts';
import { formatCuts, type JournalCut, type JournalCuts, parseCuts } from './journal-cuts.ts';
import { BackwardWalk, ForwardWalk, type JournalWalk, type WalkedMessage } from './journal-walk.ts';
import type { Lifetimes } from './lifetimes.ts';
import { messageOffsetText } from './message-offset.ts';
import { channelsOfFilter } from './subscribed-channels.ts';

/** What a page of history is to hold. */
export interface HistoryOptions {
  /** `oldest` goes on in order of arrival, `newest` back from the end. @defaultValue `'oldest'` */
  readonly order?: 'oldest' | 'newest';
  /**
   * Where an earlier page ended, a text of {@link HistoryPage.cursor}; also an offset that a delivery carried, where the
   * filters are within one channel. @defaultValue the beginning, with `newest` the end
   */
  readonly cursor?: string;
  /** Leaves out what was received before, milliseconds since 1970 by this node's clock as it was then. */
  readonly sinceMs?: number;
  /** Leaves out what was received then or later, likewise. */
  readonly untilMs?: number;
  /** Most messages of the page, 1 to 4,096. @defaultValue 100 */
  readonly messagesMax?: number;
  /** Bytes of payloads after which the page ends. @defaultValue 1 MiB */
  readonly payloadBytesMax?: number;
}

/** A part of what a node holds. */
export interface HistoryPage {
  readonly messages: readonly DeliveredMessage[];
  /** Goes on behind this page, now or when more has arrived. Valid on this node alone. */
  readonly cursor: string;
  /** False where that was all there is. A page with few messages, or none, may have more behind it. */
  readonly more: boolean;
}

/** What {@link HistoryReader} works with. */
export interface HistoryReaderDependencies {
  readonly channels: CarriedChannels;
  readonly declared: () => readonly ChannelDeclaration[];
  readonly lifetimes: Lifetimes;
  readonly nameOf: (node: NodeId) => string;
}

const FILTERS_MAX = 64;
const MESSAGES_MAX = 4_096;
const MESSAGES_DEFAULT = 100;
const PAYLOAD_BYTES_DEFAULT = 1_048_576;
/** Bytes of the journals that one page may cost to read; a page that found little says that there is more. */
const READ_BYTES_MAX = 16_777_216;

type Walks = ReadonlyMap<string, JournalWalk>;

/** Reads what is held by topic and time, a page at a time, in order of arrival or the newest first. */
export class HistoryReader {
  readonly #deps: HistoryReaderDependencies;

  constructor(deps: HistoryReaderDependencies) {
    this.#deps = deps;
  }

  /** See `Mesh.history`. */
  async page(filters: readonly string[], options: HistoryOptions): Promise<HistoryPage> {
    const { order = 'oldest', messagesMax = MESSAGES_DEFAULT } = options;
    const { payloadBytesMax = PAYLOAD_BYTES_DEFAULT } = options;
    requireIn('messagesMax', messagesMax, 1, MESSAGES_MAX);
    requireIn('payloadBytesMax', payloadBytesMax, 1, Number.MAX_SAFE_INTEGER);
    const parsed = parseFilters(filters);
    const journals = this.#journalsOf(parsed);
    const walks = await this.#walks(journals, order, options);
    const messages: DeliveredMessage[] = [];
    let bytes = 0;
    let more = true;
    while (messages.length < messagesMax && bytes < payloadBytesMax && readBytes(walks) < READ_BYTES_MAX) {
      const next = await nextOf(walks, order);
      if (next === null || isBeyond(next.message, order, options)) {
        more = false;
        break;
      }
      next.walk.take();
      const message = this.#deliver(next.message, journals, parsed, options);
      if (message === null) continue;
      messages.push(message);
      bytes += message.payload.length;
    }
    return { messages, cursor: formatCuts(cutsOf(walks), journals), more };
  }

  /** The end of what is held, as a cursor. */
  end(filters: readonly string[]): string {
    const journals = this.#journalsOf(parseFilters(filters));
    return formatCuts(
      new Map([...journals].map(([channel, journal]) => [channel, endOf(journal)])),
      journals,
    );
  }

  async #walks(
    journals: ReadonlyMap<string, ChannelJournal>,
    order: 'oldest' | 'newest',
    { cursor, sinceMs, untilMs }: HistoryOptions,
  ): Promise<Walks> {
    const context = { decode: this.#deps.channels.decode.bind(this.#deps.channels) };
    const cuts: JournalCuts | null = cursor === undefined ? null : parseCuts(cursor, journals);
    const walks = new Map<string, JournalWalk>();
    for (const [channel, journal] of journals) {
      const known = cuts?.get(channel);
      if (order === 'oldest') {
        const cut = known ?? (await startOf(journal, sinceMs));
        walks.set(channel, new ForwardWalk(journal, cut, context));
      } else if (cuts === null || known !== undefined) {
        const cut = known ?? (await stopOf(journal, untilMs));
        walks.set(channel, new BackwardWalk(journal, cut, context));
      }
    }
    return walks;
  }

  #journalsOf(filters: readonly TopicFilter[]): Map<string, ChannelJournal> {
    const journals = new Map<string, ChannelJournal>();
    for (const { text } of filters) {
      for (const channel of channelsOfFilter(text, this.#deps.declared())) {
        const journal = this.#deps.channels.of(channel);
        if (journal !== null) journals.set(channel, journal);
      }
    }
    return journals;
  }

  /** `null` for a message that nobody asked for, or past its lifetime. */
  #deliver(
    { record, entry, index }: WalkedMessage,
    journals: ReadonlyMap<string, ChannelJournal>,
    filters: readonly TopicFilter[],
    { sinceMs = 0, untilMs = Number.POSITIVE_INFINITY }: HistoryOptions,
  ): DeliveredMessage | null {
    const { lifetimes, nameOf } = this.#deps;
    const message = entry.messages![index]!;
    const { receivedAtMs } = record.facts;
    if (receivedAtMs < sinceMs || receivedAtMs >= untilMs) return null;
    if (!filters.some((filter) => filter.matches(message.topic))) return null;
    if (lifetimes.isExpired(entry, record.facts)) return null;
    const offset = journals.get(entry.channel)!.offsetText(record.position);
    const leftMs = entry.ttlSeconds * 1_000 - lifetimes.ageMs(record.facts);
    return {
      ...message,
      kind: 'message',
      author: entry.author,
      name: nameOf(entry.author),
      channel: entry.channel,
      epoch: entry.epoch,
      seq: entry.seq + index,
      offset: messageOffsetText(offset, index, entry.count),
      late: false,
      ...(entry.ttlSeconds === 0 ? {} : { lifetimeLeftMs: Math.max(0, leftMs) }),
    };
  }
}

/** The walk whose next message was received first, or last on the way back. */
async function nextOf(
  walks: Walks,
  order: 'oldest' | 'newest',
): Promise<{ readonly walk: JournalWalk; readonly message: WalkedMessage } | null> {
  let best: { walk: JournalWalk; message: WalkedMessage } | null = null;
  for (const walk of walks.values()) {
    const message = await walk.peek();
    if (message === null) continue;
    const [at, bestAt] = [message, best?.message].map((one) => one?.record.facts.receivedAtMs ?? 0);
    if (best === null || (order === 'oldest' ? at! < bestAt! : at! > bestAt!)) best = { walk, message };
  }
  return best;
}

/** True where everything that follows lies outside of the times asked for. A clock that was set back may hide the end. */
function isBeyond(
  { record }: WalkedMessage,
  order: 'oldest' | 'newest',
  { sinceMs = 0, untilMs = Number.POSITIVE_INFINITY }: HistoryOptions,
): boolean {
  const { receivedAtMs } = record.facts;
  return order === 'oldest' ? receivedAtMs >= untilMs : receivedAtMs < sinceMs;
}

function readBytes(walks: Walks): number {
  let bytes = 0;
  for (const walk of walks.values()) bytes += walk.bytes;
  return bytes;
}

function cutsOf(walks: Walks): JournalCuts {
  return new Map([...walks].map(([channel, { cut }]) => [channel, cut]));
}

async function startOf(journal: ChannelJournal, sinceMs: number | undefined): Promise<JournalCut> {
  return { position: sinceMs === undefined ? 1 : await journal.positionAtTime(sinceMs), taken: 0 };
}

async function stopOf(journal: ChannelJournal, untilMs: number | undefined): Promise<JournalCut> {
  return untilMs === undefined
    ? endOf(journal)
    : { position: await journal.positionAtTime(untilMs), taken: 0 };
}

function endOf(journal: ChannelJournal): JournalCut {
  return { position: journal.lastPosition + 1, taken: 0 };
}

function parseFilters(filters: readonly string[]): TopicFilter[] {
  requireIn('filters', filters.length, 1, FILTERS_MAX);
  return filters.map((text) => {
    const filter = TopicFilter.parse(text);
    if (!filter.ok) throw new SedgeError(filter.code, { filter: text.slice(0, 100) });
    return filter.value;
  });
}

function requireIn(option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new SedgeError('mesh.bad-option', { option, least, most });
}
