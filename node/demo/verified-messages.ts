/** What `sedge verify --json` says of one log, as far as the demo needs it. */
interface VerifiedLog {
  readonly ok: boolean;
  readonly author: string;
  readonly epoch: string;
  readonly messages: number;
}

/**
 * How many of the messages that arrived the offline check of the journal has confirmed. Of a log with any fault
 * none counts, nor what arrived beyond what the journal holds.
 */
export function verifiedMessages(
  verification: readonly Record<string, unknown>[],
  arrivedByLog: ReadonlyMap<string, number>,
): number {
  let verified = 0;
  for (const log of verification as readonly unknown[] as readonly VerifiedLog[]) {
    const arrived = arrivedByLog.get(`${log.author}/${log.epoch}`) ?? 0;
    if (log.ok === true) verified += Math.min(arrived, log.messages);
  }
  return verified;
}
