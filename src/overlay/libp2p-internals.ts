import type { Connection, Libp2p } from '@libp2p/interface';
import { assert } from '../errors/index.ts';

/** A node's address manager, which libp2p's types hide. */
interface NodeInternals {
  readonly components: { readonly addressManager: { readonly _updatePeerStoreAddresses: { stop(): void } } };
}

/** A connection's socket and multiplexer, which libp2p's types hide: liveness needs both. */
interface ConnectionInternals {
  readonly maConn: { addEventListener(type: 'message', listener: () => void): void };
  readonly muxer: { ping(): Promise<number> };
}

/** Calls back for each chunk that arrives, of whatever stream. */
export function onBytesReceived(connection: Connection, listener: () => void): void {
  internalsOf(connection).maConn.addEventListener('message', listener);
}

/**
 * Round trip of a Yamux ping. It has no time-out on purpose: Yamux ends the connection where an answer comes to
 * a ping that was given up. One at a time.
 */
export async function pingMuxer(connection: Connection): Promise<void> {
  await internalsOf(connection).muxer.ping();
}

/**
 * Ends what a stopped node leaves behind: closing a listener starts a timer of a second, which would keep the
 * process up and then write into the stopped node's peer store.
 */
export function endLeftovers(node: Libp2p): void {
  (node as unknown as NodeInternals).components.addressManager._updatePeerStoreAddresses.stop();
}

function internalsOf(connection: Connection): ConnectionInternals {
  const inside = connection as unknown as Partial<ConnectionInternals>;
  assert(inside.maConn !== undefined, 'this version of libp2p has connections without maConn');
  assert(typeof inside.muxer?.ping === 'function', 'this version of Yamux has no ping');
  return inside as ConnectionInternals;
}
