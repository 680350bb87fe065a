import { toHex } from '../bytes/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { ChannelJournal, SeqRange } from '../journal/index.ts';
import type { PeerHoldings } from '../receipts/index.ts';
import { addRange, intersectRanges, type PeerChannelSync, subtractRanges } from '../sync/index.ts';
import type { ChannelLoss, PeerChannelStatus } from './mesh-status.ts';

/**
 * How far this node and a peer are apart in a channel, from what the peer last said that it holds. Numbers are of
 * messages.
 */
export function peerChannelStatus(
  peer: NodeId,
  journal: ChannelJournal,
  { holdings, session }: { readonly holdings: PeerHoldings; readonly session: PeerChannelSync | undefined },
): PeerChannelStatus {
  const { channel } = journal;
  const inSync = holdings.inSync(peer, channel);
  const inSyncAtMs = inSync?.asOfMs ?? null;
  if (inSync !== null && inSync.root === toHex(journal.root())) {
    return { channel, state: 'in-sync', missingHere: 0, missingThere: 0, givenUp: 0, inSyncAtMs };
  }
  const givenUp = session?.givenUp ?? 0;
  const there = countMissingThere(peer, journal, holdings, inSync?.position ?? 0);
  // Of one that is away nothing has come since, so that it lacks what came after; one that is there has it by gossip.
  const isAway = session === undefined && inSync !== null;
  const missingThere = there === null && isAway ? journal.messagesAfter(inSync.position) : there;
  // Nothing is left to fetch from it. What it lacks is its to say, and it will ask for it.
  if (session?.inSync === true && session.missing === 0) {
    return { channel, state: 'in-sync', missingHere: 0, missingThere, givenUp, inSyncAtMs };
  }
  const missingHere = countMissingHere(peer, journal, holdings);
  const state = missingHere === null ? 'unknown' : 'apart';
  return { channel, state, missingHere: missingHere ?? 0, missingThere, givenUp, inSyncAtMs };
}

/** What is known to be lost in a channel, or not to be had now, and why. */
export function channelLosses(journal: ChannelJournal, holdings: PeerHoldings): ChannelLoss[] {
  const counts = { 'let-go': 0, forked: 0, 'held-elsewhere': 0, nowhere: 0 };
  for (const log of journal.logsLetGo()) counts['let-go'] += countOf(journal.letGo(log));
  for (const { log, last } of journal.heads()) {
    const end = journal.endOf(log);
    if (end !== null) counts.forked += Math.max(0, last - end + 1);
    const missing = journal.missing(log);
    if (missing.length === 0) continue;
    const elsewhere = countOf(intersectRanges(missing, heldByOthers(holdings, journal.channel, log)));
    counts['held-elsewhere'] += elsewhere;
    counts.nowhere += countOf(missing) - elsewhere;
  }
  return Object.entries(counts).flatMap(([why, messages]) =>
    messages === 0 ? [] : [{ why: why as ChannelLoss['why'], messages }],
  );
}

/** `null` where the peer never said what it holds. */
function countMissingHere(peer: NodeId, journal: ChannelJournal, holdings: PeerHoldings): number | null {
  let missing: number | null = null;
  for (const [log, { ranges }] of holdings.logsOf(peer, journal.channel)) {
    const lacking = subtractRanges(ranges, journal.heldRanges(log));
    missing = (missing ?? 0) + countOf(subtractRanges(lacking, journal.unwanted(log)));
  }
  return missing;
}

/** `null` where the peer said nothing of a log that grew since both were last in step. */
function countMissingThere(
  peer: NodeId,
  journal: ChannelJournal,
  holdings: PeerHoldings,
  sincePosition: number,
): number | null {
  let missing = 0;
  for (const { log } of journal.headsSince(sincePosition)) {
    const holding = holdings.of(peer, { channel: journal.channel, log });
    if (holding === null) return null;
    missing += countOf(subtractRanges(journal.heldRanges(log), holding.ranges));
  }
  return missing;
}

function heldByOthers(
  holdings: PeerHoldings,
  channel: string,
  log: Parameters<ChannelJournal['missing']>[0],
): SeqRange[] {
  let held: SeqRange[] = [];
  for (const peer of holdings.peers()) {
    for (const range of holdings.of(peer, { channel, log })?.ranges ?? []) held = addRange(held, range);
  }
  return held;
}

function countOf(ranges: readonly SeqRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}
