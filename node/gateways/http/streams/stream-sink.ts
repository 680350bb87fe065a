import type { DeliveredMessage } from '../../../../src/index.ts';

/** Where a stream's messages go: one client, in the way it wants them written. */
export interface StreamSink {
  /** A message as it is written; `json` is the message, `cursor` where the stream is behind it. */
  frame(json: string, cursor: string): string;
  /** Writes frames that belong together; nothing if the client is gone. */
  write(frames: readonly string[]): void;
  /** Says that the client is still thought of, where nothing else was said for a while. */
  beat(): void;
  /** Bytes that were written and are not sent yet. */
  readonly unsentBytes: number;
  /** Resolves when what was written is sent, or the client is gone. */
  whenSent(): Promise<void>;
  /** Ends the stream; an error is told first. */
  end(error?: unknown): void;
  /** True once the client is gone or the stream was ended. */
  readonly isEnded: boolean;
  /** Calls back once when the client is gone. */
  onEnd(gone: () => void): void;
}

/** Whether a message is one of those that a stream is for. */
export type Wants = (message: DeliveredMessage) => boolean;
