import type { SedgeError } from '../../../src/errors/index.ts';

/** Who is told what comes over a {@link Transport}. */
export interface TransportListener {
  /** Bytes as they came, in pieces of any size. They are the listener's to keep. */
  onBytes(bytes: Uint8Array): void;
  /** It ended by itself: unplugged, hung up, failed. Called at most once, and never after `close`. */
  onClosed(failure: SedgeError): void;
}

/**
 * Carries bytes to a device and back. Made for one opening and thrown away after it: a port that comes back is a new
 * object.
 */
export interface Transport {
  /**
   * Opens it. Rejects with `serial.port-missing`, `serial.port-denied`, `serial.port-busy`, `serial.unreachable` or
   * `serial.port-failed`. May be called once.
   */
  open(listener: TransportListener): Promise<void>;
  /**
   * Sends bytes, in order. `false` where they were dropped, as it is not open or more than
   * {@link WAITING_BYTES_MAX} wait already: the link's retransmission makes up for it.
   */
  write(bytes: Uint8Array): boolean;
  /** Ends it and lets go of the port; resolves when that is done. Idempotent. */
  close(): Promise<void>;
}

/** Bytes that may wait for a slow or stuck line: over a second at 115,200 baud, far above any window. */
export const WAITING_BYTES_MAX = 16_384;
