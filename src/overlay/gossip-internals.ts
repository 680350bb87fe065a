import type { GossipSub } from '@libp2p/gossipsub';
import type { Connection, PeerId, Stream } from '@libp2p/interface';
import { assert } from '../errors/index.ts';

/** A stream of gossipsub around the raw one. */
interface GossipStream {
  readonly rawStream: Stream;
}

/** The parts of a gossip message that is sent to one peer that matter here. */
export interface GossipRpc {
  readonly messages: readonly unknown[];
  readonly subscriptions: readonly unknown[];
  readonly control?: unknown;
}

/**
 * What gossipsub 17 has inside and its types hide. The traps of its streams cannot be handled without it; all of
 * it stands here, and a version that lacks it is noticed at the start instead of in the field.
 */
export interface GossipInternals {
  readonly streamsInbound: ReadonlyMap<string, GossipStream>;
  readonly streamsOutbound: ReadonlyMap<string, GossipStream>;
  readonly topics: ReadonlyMap<string, ReadonlySet<string>>;
  onPeerConnected(peer: PeerId, connection: Connection): void;
  createOutboundStream(peer: PeerId, connection: Connection): Promise<void>;
  createInboundStream(peer: PeerId, stream: Stream): void;
  sendRpc(peer: string, rpc: GossipRpc): boolean;
}

const METHODS = ['onPeerConnected', 'createOutboundStream', 'createInboundStream', 'sendRpc'] as const;

/** The same object, seen from inside. */
export function internalsOf(gossip: GossipSub): GossipInternals {
  const inside = gossip as unknown as GossipInternals;
  for (const map of ['streamsInbound', 'streamsOutbound', 'topics'] as const) {
    assert(inside[map] instanceof Map, `this version of gossipsub has no map ${map}`);
  }
  for (const method of METHODS) {
    assert(typeof inside[method] === 'function', `this version of gossipsub has no method ${method}`);
  }
  return inside;
}
