/** What is known of a channel that a peer lacks something of. */
export interface BacklogFacts {
  /** Messages that the peer lacks; more than 0. */
  readonly missing: number;
  /** Age of the oldest that it may lack: not older than what is held, nor than when both were last in step. */
  readonly oldestMissingMs: number;
  /** Mean bytes of a message on the disk. */
  readonly bytesPerMessage: number;
  /** At this rate the channel grows. */
  readonly bytesPerSecond: number;
  readonly messagesPerSecond: number;
  /** What is kept of it; `null` for no limit. */
  readonly ageMsMax: number | null;
  readonly bytesMax: number | null;
  readonly messagesMax: number | null;
}

/** When retention begins to take what a peer has not had, and which limit does. */
export interface BacklogForecast {
  readonly inMs: number;
  readonly limit: 'age' | 'bytes' | 'messages';
}

/**
 * The first limit that takes something a peer lacks, if all goes on as it does; `null` where none ever does. At an age
 * limit it is exact or early, never late; at the others it is as good as the rate. 0: it may have begun.
 */
export function forecastBacklog(facts: BacklogFacts): BacklogForecast | null {
  const { ageMsMax, bytesMax, messagesMax, missing, oldestMissingMs } = facts;
  const forecasts: BacklogForecast[] = [];
  if (ageMsMax !== null) forecasts.push({ inMs: Math.max(0, ageMsMax - oldestMissingMs), limit: 'age' });
  const grow = (room: number, perSecond: number, limit: BacklogForecast['limit']) => {
    // Something that does not grow stays as it is; more missing than may be kept is being lost now.
    if (room <= 0) forecasts.push({ inMs: 0, limit });
    else if (perSecond > 0) forecasts.push({ inMs: (room / perSecond) * 1_000, limit });
  };
  if (bytesMax !== null) grow(bytesMax - missing * facts.bytesPerMessage, facts.bytesPerSecond, 'bytes');
  if (messagesMax !== null) grow(messagesMax - missing, facts.messagesPerSecond, 'messages');
  return forecasts.sort((a, b) => a.inMs - b.inMs)[0] ?? null;
}
