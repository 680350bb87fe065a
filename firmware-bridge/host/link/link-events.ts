import type { Frame } from '../frame/index.ts';

/** What a link reads of a frame. */
export type HeardFrame = Pick<Frame, 'seq' | 'ack' | 'notReady' | 'payload'> & {
  readonly type: 'data' | 'ack' | 'nak' | 'log';
};

/** What happens to a link; `wake` after other events sends what is due. */
export type LinkEvent<T> =
  | { readonly kind: 'frame'; readonly frame: HeardFrame }
  /** Bytes came, some of which were neither frame nor text if `isDamaged`. */
  | { readonly kind: 'bytes'; readonly isDamaged: boolean }
  /** The DATA that was to be delivered is taken; its number is done with once `done` says so. */
  | { readonly kind: 'taken' }
  /** It is not what its sender sent: as if it had never come. */
  | { readonly kind: 'refused' }
  /** What was taken under this number is done with: it may be acknowledged. */
  | { readonly kind: 'done'; readonly number: number }
  /** To be sent, in order. */
  | { readonly kind: 'send'; readonly item: T }
  /** Whether more can be taken. */
  | { readonly kind: 'room'; readonly hasRoom: boolean }
  | { readonly kind: 'wake' };

/** What a link wants done. */
export type LinkEffect<T> =
  | { readonly kind: 'transmit'; readonly frame: LinkFrame<T> }
  /** What is wanted is there: to be answered with `taken` or `refused` before anything else. */
  | { readonly kind: 'deliver'; readonly number: number; readonly payload: Uint8Array }
  /** The other side is done with it. */
  | { readonly kind: 'freed'; readonly item: T }
  | { readonly kind: 'over'; readonly cause: LinkEnd };

/** A frame to be sent. */
export interface LinkFrame<T> {
  readonly type: 'data' | 'ack' | 'nak';
  readonly seq: number;
  readonly ack: number;
  readonly notReady: boolean;
  readonly again: boolean;
  /** Of DATA. */
  readonly item: T | null;
}

/** Why a link is over. */
export type LinkEnd =
  /** Sent too often without hearing anything. */
  | 'no-answer'
  /** Too many DATA in a row were refused. */
  | 'refused'
  /** The sides disagree about what was acknowledged, which no retransmission mends. */
  | 'lost-count';
