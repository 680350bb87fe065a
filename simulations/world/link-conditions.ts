/**
 * What a link does with what is sent one way: `open` lets it pass; `black-hole` swallows it in silence; `cut` is
 * a link whose ends know that it is down.
 */
export type LinkState = 'open' | 'black-hole' | 'cut';

/** What a {@link ByteNetwork} asks about the way from one host to another. Each direction is a way of its own. */
export interface LinkConditions {
  state(from: string, to: string): LinkState;
  /** Puts bytes on the way, behind those that are still being sent; milliseconds until all of them are there. */
  send(from: string, to: string, bytes: number): number;
  /** Calls back after the state between two hosts changed, in either direction; returns how to end that. */
  onChange(listener: (a: string, b: string) => void): () => void;
}
