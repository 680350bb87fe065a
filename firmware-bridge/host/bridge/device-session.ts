import type { SessionEffect, SessionEvent, SessionOptions, SessionView } from '../session/index.ts';

/** The pure half of a port: what it is told and what it wants done. One a port, for all its openings. */
export interface DeviceSession {
  /** Takes one event; the effects are to be carried out in order. */
  handle(event: SessionEvent, nowMs: number): readonly SessionEffect[];
  /** When the event `wake` is due; `null` if nothing waits for the time. */
  readonly wakeAtMs: number | null;
  /** Frames and what was refused, by cause, since it was made. */
  counters(): Readonly<Record<string, number>>;
}

/** Makes the session of a port. */
export type MakeSession = (view: SessionView, options: SessionOptions) => DeviceSession;
