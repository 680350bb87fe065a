/** What a {@link VirtualSocket} tells its owner. All of it comes in order, and nothing after `onClosed`. */
export interface VirtualSocketEvents {
  /** Bytes arrived; they are the owner's from now on. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** There is room again after {@link VirtualSocket.write} returned `false`. */
  readonly onDrain: () => void;
  /** The connection is over: ended in order by the peer, or reset. */
  readonly onClosed: (how: 'end' | 'reset') => void;
}

/** One end of a connection in a network in memory: a reliable, ordered pipe of bytes each way, as TCP's is. */
export interface VirtualSocket {
  /** Address of the other end's host. */
  readonly remoteAddress: string;
  /** To be called once, before the event loop turns. */
  attach(events: VirtualSocketEvents): void;
  /** Takes bytes, always; `false` asks the sender to wait for `onDrain`. */
  write(bytes: Uint8Array): boolean;
  /** Holds what arrives back, and with it the sender, until {@link VirtualSocket.resume}. */
  pause(): void;
  resume(): void;
  /** Ends the connection after what was written. */
  end(): void;
  /** Ends the connection at once. */
  reset(): void;
}

/** A node's place in a network in memory; simulations bring the network. */
export interface VirtualHost {
  /** `/memory/<name>`: where others reach this host. */
  readonly address: string;
  /** Takes connections from now on; returns how to end that. Throws if somebody listens there already. */
  listen(onSocket: (socket: VirtualSocket) => void): () => void;
  /** Connects to the host at an address. Rejects where nobody listens there, and with the signal's reason. */
  connect(address: string, signal: AbortSignal): Promise<VirtualSocket>;
}
