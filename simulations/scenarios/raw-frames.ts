import type { Identity } from '../../src/index.ts';

/** What {@link rawCbor} writes. */
export type Writable = number | string | boolean | null | Uint8Array | readonly Writable[];

/** CBOR as an attacker writes it, who has no library of ours. */
export function rawCbor(item: Writable): Uint8Array {
  if (item === null) return Uint8Array.of(0xf6);
  if (typeof item === 'boolean') return Uint8Array.of(item ? 0xf5 : 0xf4);
  if (typeof item === 'number') return head(0, item);
  if (typeof item === 'string') return Buffer.concat([head(3, Buffer.byteLength(item)), Buffer.from(item)]);
  if (item instanceof Uint8Array) return Buffer.concat([head(2, item.length), item]);
  return Buffer.concat([head(4, item.length), ...item.map(rawCbor)]);
}

/** An entry of one message, signed by whoever has the key. */
export function rawEntry(
  identity: Identity,
  realmId: string,
  entry: {
    readonly epoch: Uint8Array;
    readonly seq: number;
    readonly prev: Uint8Array | null;
    readonly text: string;
  },
): Uint8Array {
  const { epoch, seq, prev, text } = entry;
  const content = [['site/mallory', Buffer.from(text), 0]];
  const body = rawCbor([1, 'main', epoch, seq, 1, 0, prev, seq, 1_770_000_000_000, 0, content]);
  const protectedHeader = Buffer.concat([
    Uint8Array.of(0xa2, 0x01, 0x27, 0x04, 0x58, 0x20),
    identity.publicKey,
  ]);
  const aad = rawCbor(['sedge/1', Buffer.from(realmId, 'hex')]);
  const signature = identity.sign(rawCbor(['Signature1', protectedHeader, aad, body]));
  const parts = [rawCbor(protectedHeader), Uint8Array.of(0xa0), rawCbor(body), rawCbor(signature)];
  return Buffer.concat([Uint8Array.of(0xd2, 0x84), ...parts]);
}

function head(major: number, argument: number): Uint8Array {
  const first = major << 5;
  if (argument < 24) return Uint8Array.of(first | argument);
  if (argument < 0x100) return Uint8Array.of(first | 24, argument);
  const bytes = Buffer.alloc(9);
  if (argument < 0x1_0000) {
    bytes[0] = first | 25;
    bytes.writeUInt16BE(argument, 1);
    return bytes.subarray(0, 3);
  }
  if (argument < 0x1_0000_0000) {
    bytes[0] = first | 26;
    bytes.writeUInt32BE(argument, 1);
    return bytes.subarray(0, 5);
  }
  bytes[0] = first | 27;
  bytes.writeBigUInt64BE(BigInt(argument), 1);
  return bytes;
}
