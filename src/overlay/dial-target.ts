import type { ErrorCode } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { PeerSource } from './overlay.ts';

/** One dial: a link that swallows packets is given up soon, and tried again. */
const DIAL_MS = 2_000;
/** Every so many attempts one is given {@link DIAL_MS_PATIENT}, because a handshake takes six round trips. */
const PATIENT_EVERY = 4;
/** Enough for a link by satellite, and for a slow board. */
const DIAL_MS_PATIENT = 8_000;
/** First wait after a loss or a failed dial. */
const BACKOFF_MS_FIRST = 100;
/** Longest wait in the first minute of an outage for a peer that somebody named: links come back soon or late. */
const BACKOFF_MS_MAX_EARLY = 250;
const EARLY_MS = 60_000;
/** Longest wait for a peer that somebody named. */
const BACKOFF_MS_MAX_NAMED = 1_000;
/** Longest wait for a peer that nobody named, and for one that answers but is not of this realm. */
const BACKOFF_MS_MAX_OTHER = 30_000;
/** A connection that was of use and ended before was cut short. */
const SHORT_LIFE_MS = 5_000;
/** So many short lives in a row, with no dial failing between: somebody else takes the peer's place. */
const SHORT_LIVES_WITH_HOPE = 4;
/** Longest wait then: two cards with one key take turns, instead of throwing each other out all the time. */
const BACKOFF_MS_MAX_TAKING_TURNS = 10_000;
/** Attempts after which an answer that proves a peer to be of no use is believed. */
const ATTEMPTS_WITH_HOPE = 6;
/** Addresses kept for a peer. */
const ADDRESSES_MAX = 8;
/** Codes that a peer's answer proves, so that trying again soon is of no use. */
const ANSWERED: ReadonlySet<ErrorCode> = new Set([
  'overlay.wrong-network',
  'overlay.wrong-peer',
  'overlay.denied',
]);

/** Who wished for a peer counts more than who found it. */
export const PRIORITY: Readonly<Record<PeerSource, number>> = {
  given: 3,
  invitation: 2,
  discovered: 1,
  inbound: 0,
};

/** True if somebody named the peer. */
export function isNamed(source: PeerSource): boolean {
  return source === 'given' || source === 'invitation';
}

/** One peer that the supervisor knows. */
export interface Target {
  readonly id: number;
  node: NodeId | null;
  addresses: string[];
  source: PeerSource;
  connected: boolean;
  dialing: boolean;
  sinceMs: number | null;
  lastConnectedMs: number | null;
  latencyMs: number | null;
  failedDials: number;
  lastError: ErrorCode | null;
  /** Attempts since the last time that the peer was of use, or the network changed. */
  attempts: number;
  /** Connections in a row that were of use and cut short; a dial that fails in between says that it is the link. */
  shortLives: number;
  dueMs: number;
  downSinceMs: number;
}

/** A peer that was just heard of; it may be dialed at once. */
export function newTarget(
  id: number,
  known: { readonly node: NodeId | null; readonly addresses: string[]; readonly source: PeerSource },
  nowMs: number,
): Target {
  return {
    ...known,
    id,
    connected: false,
    dialing: false,
    sinceMs: null,
    lastConnectedMs: null,
    latencyMs: null,
    failedDials: 0,
    lastError: null,
    attempts: 0,
    shortLives: 0,
    dueMs: nowMs,
    downSinceMs: nowMs,
  };
}

/** Time for the next dial. */
export function dialMs(target: Target): number {
  return target.attempts % PATIENT_EVERY === PATIENT_EVERY - 1 ? DIAL_MS_PATIENT : DIAL_MS;
}

/** After a loss or a failed dial: each wait is twice the last, to a limit that depends on who wished for it. */
export function waitBeforeNext(target: Target, nowMs: number, random: () => number): void {
  const isWished = isNamed(target.source);
  let most = isWished ? BACKOFF_MS_MAX_NAMED : BACKOFF_MS_MAX_OTHER;
  if (isWished && nowMs - target.downSinceMs < EARLY_MS) most = BACKOFF_MS_MAX_EARLY;
  const isPointless = target.lastError !== null && ANSWERED.has(target.lastError);
  if (isPointless && target.attempts >= ATTEMPTS_WITH_HOPE) most = BACKOFF_MS_MAX_OTHER;
  let doublings = target.attempts;
  if (target.shortLives >= SHORT_LIVES_WITH_HOPE) {
    most = BACKOFF_MS_MAX_TAKING_TURNS;
    doublings = target.shortLives;
  }
  const wait = Math.min(most, BACKOFF_MS_FIRST * 2 ** Math.min(doublings, 20));
  target.attempts++;
  target.dueMs = nowMs + wait * (0.5 + random() / 2);
}

/** A connection of use is gone: whether it lived long enough to be worth the next one at once. */
export function noteLife(target: Target, nowMs: number): void {
  const livedMs = nowMs - (target.sinceMs ?? nowMs);
  target.shortLives = livedMs < SHORT_LIFE_MS ? target.shortLives + 1 : 0;
}

/** Ends the waits: something makes it likely that the peer can be reached now. */
export function retrySoon(target: Target, nowMs: number, random: () => number): void {
  target.attempts = 0;
  target.downSinceMs = nowMs;
  // Spread a little, so that a hundred nodes that see the same switch come up do not dial in one moment.
  target.dueMs = Math.min(target.dueMs, nowMs + random() * BACKOFF_MS_FIRST);
}

/** True if the next dial is only a question of time. */
export function isWaiting(target: Target): boolean {
  if (target.connected || target.dialing || target.addresses.length === 0) return false;
  return target.source !== 'inbound';
}

/** Adds an address to try first; `false` if it is known. */
export function addAddress(target: Target, address: string): boolean {
  if (target.addresses.includes(address)) return false;
  target.addresses.unshift(address);
  // The oldest ones that did not work go.
  target.addresses.length = Math.min(target.addresses.length, ADDRESSES_MAX);
  return true;
}
