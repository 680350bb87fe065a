import { publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys';
import type {
  ConnectionEncrypter,
  MessageStream,
  PrivateKey,
  SecureConnectionOptions,
} from '@libp2p/interface';
import { peerIdFromPublicKey } from '@libp2p/peer-id';
import { lpStream } from '@libp2p/utils';

interface Components {
  readonly privateKey: PrivateKey;
}

/** A libp2p public key, of whatever kind, is shorter. */
const KEY_BYTES_MAX = 1_024;

/**
 * Both sides say their public key, and nothing is proven or encrypted: within one process, in simulations, Noise
 * would only cost time. Takes the place of Noise in the upgrade, with one round trip as Noise has.
 */
export function plainEncrypter(): (components: Components) => ConnectionEncrypter {
  return ({ privateKey }) => {
    const own = publicKeyToProtobuf(privateKey.publicKey);
    const secure = async (connection: MessageStream, options?: SecureConnectionOptions) => {
      const exchange = lpStream(connection, { maxDataLength: KEY_BYTES_MAX });
      await exchange.write(own, options);
      const theirs = publicKeyFromProtobuf((await exchange.read(options)).subarray());
      const remotePeer = peerIdFromPublicKey(theirs);
      const dialed = options?.remotePeer;
      if (dialed !== undefined && !dialed.equals(remotePeer)) {
        throw new Error(`unexpected peer: ${remotePeer} answers where ${dialed} was dialed`);
      }
      return { connection: exchange.unwrap(), remotePeer };
    };
    return { protocol: '/sedge/plain/1', secureInbound: secure, secureOutbound: secure };
  };
}
