/** How a session speaks and when it loses patience. Everything has a default. */
export interface SessionOptions {
  /** Largest frame body that this host takes; 64 to 250. @defaultValue 250 */
  readonly mtu?: number;
  /** DATA frames that a device may have unacknowledged; 1 to 7. @defaultValue 4 */
  readonly window?: number;
  /** Of the line, so that what is still on the wire is not taken for lost; 0 for a fast one. @defaultValue 115,200 */
  readonly baudRate?: number;
  /** How often a device sends its statistics, seconds; 0 for never. @defaultValue 60 */
  readonly statsIntervalSeconds?: number;
  /** How often the device's clock is asked, ms. @defaultValue 30,000 */
  readonly timeIntervalMs?: number;
  /** Commands waiting for their result; the next one is answered `busy`. @defaultValue 32 */
  readonly maxPendingCommands?: number;
  /** Give a `frame` effect for each frame. @defaultValue false */
  readonly traceFrames?: boolean;
}

/** What a session does if it is not told otherwise. */
export const SESSION_DEFAULTS: Required<SessionOptions> = Object.freeze({
  mtu: 250,
  window: 4,
  baudRate: 115_200,
  statsIntervalSeconds: 60,
  timeIntervalMs: 30_000,
  maxPendingCommands: 32,
  traceFrames: false,
});
