import type { ConnectionProtector, MessageStream } from '@libp2p/interface';
import { preSharedKey } from '@libp2p/pnet';
import { equalBytes, toHex, toUtf8 } from '../bytes/index.ts';
import { assert } from '../errors/index.ts';

/** Bytes ciphered in one go: the cipher's memory must never grow, see {@link contain}. */
const CHUNK_BYTES = 64 * 1024;

/** What every libp2p node says first (multistream-select 1.0), in the clear under a secret that fits. */
const GREETING = toUtf8('\u0013/multistream/1.0.0\n');

/** pnet's cipher for one direction. */
interface Cipher {
  update(input: Uint8Array): Uint8Array;
  finalize(): void;
}

/** What pnet's connection has inside. */
interface ProtectedConnection extends MessageStream {
  readonly readBuffer: { subarray(): Uint8Array };
  inboundXor: Pick<Cipher, 'update'>;
  outboundXor: Pick<Cipher, 'update'>;
}

/**
 * Keeps strangers out before any handshake: XSalsa20 over the whole connection under the realm's network secret
 * (libp2p private-network spec, pre-shared key version 1). It is no authentication: that is Noise's part.
 */
export function privateNetwork(networkSecret: Uint8Array, onStranger: () => void): () => ConnectionProtector {
  const make = preSharedKey({ psk: toUtf8(`/key/swarm/psk/1.0.0/\n/base16/\n${toHex(networkSecret)}`) });
  return () => {
    const protector = make();
    return {
      [Symbol.toStringTag]: 'sedge-private-network',
      protect: async (connection, options) => {
        const contained = contain(await protector.protect(connection, options));
        endStrangers(contained, onStranger);
        return contained;
      },
    } as ConnectionProtector;
  };
}

/**
 * Under a secret that does not fit the first bytes are noise, and a noisy length makes a handshake wait until its
 * time is out. Looking at them ends it at once, with a reason. (A listener of its own would take the bytes away:
 * so it looks at those that wait, and looks on while later ones are deciphered.)
 */
function endStrangers(connection: MessageStream, onStranger: () => void): void {
  const inside = connection as unknown as ProtectedConnection;
  const cipher = inside.inboundXor;
  let seen = 0;
  const look = (bytes: Uint8Array) => {
    const checked = Math.min(bytes.length, GREETING.length - seen);
    const fits = equalBytes(bytes.subarray(0, checked), GREETING.subarray(seen, seen + checked));
    seen += checked;
    if (!fits || seen === GREETING.length) inside.inboundXor = cipher;
    if (fits) return;
    onStranger();
    queueMicrotask(() => connection.abort(new Error('the network secret does not fit')));
  };
  inside.inboundXor = {
    update: (input) => {
      const bytes = cipher.update(input);
      look(bytes);
      return bytes;
    },
  };
  look(inside.readBuffer.subarray());
}

/**
 * pnet 3.0 never gives its ciphers back: all share one WebAssembly memory of 640 KiB, and after some 5,000
 * connections none can be made any more. And a write larger than that memory makes it grow, which detaches every
 * other cipher's view of it; each then grows it again with every write, up to 4 GiB and the end of all connections
 * (js-libp2p#3585, fixed there but not released). So: small bites, and ciphers are given back on close.
 */
function contain<Protected extends MessageStream>(connection: Protected): Protected {
  const inside = connection as unknown as ProtectedConnection;
  let isOpen = true;
  const ciphers = (['inboundXor', 'outboundXor'] as const).map((name) => {
    const cipher = inside[name] as Cipher | undefined;
    assert(typeof cipher?.finalize === 'function', `this version of pnet has no cipher ${name}`);
    inside[name] = { update: (input) => (isOpen ? updateInChunks(cipher, input) : input) };
    return cipher;
  });
  connection.addEventListener('close', () => {
    if (!isOpen) return;
    isOpen = false;
    for (const cipher of ciphers) cipher.finalize();
  });
  return connection;
}

function updateInChunks(cipher: Cipher, input: Uint8Array): Uint8Array {
  if (input.length <= CHUNK_BYTES) return cipher.update(input);
  const output = new Uint8Array(input.length);
  for (let at = 0; at < input.length; at += CHUNK_BYTES) {
    output.set(cipher.update(input.subarray(at, at + CHUNK_BYTES)), at);
  }
  return output;
}
