/** How a link behaves; the defaults are a host's. */
export interface LinkOptions {
  /** DATA frames that may be sent and not acknowledged: the lower of what both sides take; 1 to 7. */
  readonly sendWindow: number;
  /** DATA frames that may have been taken and not be done with; 1 to 7. */
  readonly receiveWindow: number;
  /**
   * Whether DATA that comes above a gap can be kept until the gap is filled: only what its sender would send again
   * unchanged. @defaultValue nothing is kept
   */
  readonly mayHold?: (payload: Uint8Array) => boolean;
  /**
   * The other side sleeps for longer than any time-out: it is never given up for that, and what it did not acknowledge
   * goes out as soon as it is heard again. @defaultValue false
   */
  readonly peerSleeps?: boolean;
  /** Bounds of the time after which DATA is sent again, ms. @defaultValue 60 and 200 */
  readonly timeoutMsMin?: number;
  readonly timeoutMsMax?: number;
  /** Time that a frame of the largest size is on the wire, ms: what waits behind others is not late. @defaultValue 0 */
  readonly frameMs?: number;
}

/** Times and bounds of the link, the same on every host. */
export const LINK_LIMITS = Object.freeze({
  /** A side that sleeps did so if nothing was heard for so long. */
  sleepMs: 1_000,
  /** Longest time-out after doubling. */
  timeoutMsMax: 1_600,
  /** Tries without hearing anything before the link is over. */
  tries: 12,
  /** So long an acknowledgement may wait for another frame to carry it. */
  ackDelayMs: 20,
  /** No second NAK for the same number before this. */
  nakIntervalMs: 250,
  /** Where something is missing, it is asked for once the line was quiet for so long; USB chips hand on after 16 ms. */
  quietMs: 20,
  /** So often, each after twice the time, while nothing more comes. */
  quietNaks: 4,
  /** A sender that is told to wait asks again after this. */
  askIntervalMs: 500,
  /** What is not done with after this makes its sender wait, before its time-out strikes. */
  patienceMs: 40,
  /** A side that sent nothing for so long shows that it is there. */
  heartbeatMs: 2_000,
  /** Refused DATA in a row that end the link. */
  refusals: 8,
  /** DATA above a gap, with nothing in between that fills it: by chance one of 10^6 links at most comes so far. */
  gapFrames: 96,
  /** NAKs for what was acknowledged, or DATA far ahead, in a row. */
  absurdFrames: 8,
});
