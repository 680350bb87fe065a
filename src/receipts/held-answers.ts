import { logIdOf } from '../entry/index.ts';
import { isSedgeError } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ChannelJournal, SeqRange, StoredEntry } from '../journal/index.ts';
import { coversRange } from '../sync/index.ts';
import { HELD_RANGES_MAX, type Held, type HeldWanted } from './receipt-frames.ts';

/** What {@link HeldAnswers} works with. */
export interface HeldAnswersDependencies {
  readonly journalOf: (channel: string) => ChannelJournal | null;
  readonly answer: (peer: NodeId, held: Held) => void;
}

/** Questions of one peer that are remembered; further ones push the oldest out. */
const QUESTIONS_PER_PEER_MAX = 1_024;

interface Question extends HeldWanted {
  readonly peer: NodeId;
  through: number;
  answering: boolean;
  again: boolean;
}

/**
 * Answers peers that ask what this node holds: at once, and after each commit until it holds what was asked for.
 * Only what survives a power cut is told. Many entries of one commit are one answer.
 */
export class HeldAnswers {
  readonly #deps: HeldAnswersDependencies;
  readonly #byLog = new Map<string, Map<NodeId, Question>>();
  readonly #byPeer = new Map<NodeId, Set<string>>();

  constructor(deps: HeldAnswersDependencies) {
    this.#deps = deps;
  }

  /** Questions that wait for more. */
  get size(): number {
    let size = 0;
    for (const keys of this.#byPeer.values()) size += keys.size;
    return size;
  }

  /** A peer asks. */
  ask(peer: NodeId, wanted: HeldWanted): void {
    const { channel, log } = wanted;
    const key = `${channel} ${log}`;
    const peers = this.#byLog.get(key) ?? new Map<NodeId, Question>();
    const question = peers.get(peer) ?? { ...wanted, peer, answering: false, again: false };
    question.through = Math.max(question.through, wanted.through);
    peers.set(peer, question);
    this.#byLog.set(key, peers);
    this.#remember(peer, key);
    void this.#answer(key, question);
  }

  /** An entry came: whoever asked for its log hears of it after the commit. */
  onStored({ entry }: StoredEntry): void {
    if (this.#byLog.size === 0) return;
    const key = `${entry.channel} ${logIdOf(entry)}`;
    for (const question of this.#byLog.get(key)?.values() ?? []) void this.#answer(key, question);
  }

  /** The session with a peer ended, and with it what it asked. */
  forget(peer: NodeId): void {
    for (const key of this.#byPeer.get(peer) ?? []) this.#drop(key, peer);
    this.#byPeer.delete(peer);
  }

  async #answer(key: string, question: Question): Promise<void> {
    question.again = true;
    if (question.answering) return;
    question.answering = true;
    const { peer, channel, log } = question;
    while (question.again && this.#byLog.get(key)?.get(peer) === question) {
      question.again = false;
      const ranges = await this.#durableRanges(question);
      if (ranges === null || this.#byLog.get(key)?.get(peer) !== question) break;
      this.#deps.answer(peer, { channel, log, ranges });
      if (coversRange(ranges, question.through, question.through)) this.#drop(key, peer);
    }
    question.answering = false;
  }

  /** Ranges around the number that was asked for, once they are durable; `null` where the disk takes nothing now. */
  async #durableRanges({ channel, log, through }: Question): Promise<SeqRange[] | null> {
    const journal = this.#deps.journalOf(channel);
    if (journal === null) return [];
    const ranges = around(journal.heldRanges(log), through);
    try {
      if (journal.durablePosition < journal.lastPosition) await journal.whenDurable(journal.lastPosition);
      return ranges;
    } catch (error) {
      if (isSedgeError(error)) return null;
      throw error;
    }
  }

  #remember(peer: NodeId, key: string): void {
    const keys = this.#byPeer.get(peer) ?? new Set<string>();
    this.#byPeer.set(peer, keys);
    keys.delete(key);
    keys.add(key);
    const [oldest] = keys;
    if (keys.size > QUESTIONS_PER_PEER_MAX && oldest !== undefined) this.#drop(oldest, peer);
  }

  #drop(key: string, peer: NodeId): void {
    const peers = this.#byLog.get(key);
    peers?.delete(peer);
    if (peers?.size === 0) this.#byLog.delete(key);
    this.#byPeer.get(peer)?.delete(key);
  }
}

/** A copy of the ranges nearest to a number, as many as an answer takes; the index goes on growing. */
function around(ranges: readonly SeqRange[], through: number): SeqRange[] {
  const above = ranges.findIndex(({ last }) => last >= through);
  const at = above < 0 ? ranges.length : above;
  const from = Math.max(0, Math.min(at - HELD_RANGES_MAX / 2, ranges.length - HELD_RANGES_MAX));
  return ranges.slice(from, from + HELD_RANGES_MAX).map(({ first, last }) => ({ first, last }));
}
