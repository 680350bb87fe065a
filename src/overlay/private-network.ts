import type { ConnectionProtector } from '@libp2p/interface';
import { preSharedKey } from '@libp2p/pnet';
import { toHex, toUtf8 } from '../bytes/index.ts';

/**
 * Keeps strangers out before any handshake: XSalsa20 over the whole connection under the realm's network secret
 * (libp2p private-network spec, pre-shared key version 1). It is no authentication: that is Noise's part.
 */
export function privateNetwork(networkSecret: Uint8Array): () => ConnectionProtector {
  return preSharedKey({ psk: toUtf8(`/key/swarm/psk/1.0.0/\n/base16/\n${toHex(networkSecret)}`) });
}
