import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/bytes/index.ts';
import { verifySignature } from '../../../src/cose/index.ts';
import { Identity, nodeIdOf, publicKeyOf } from '../../../src/identity/index.ts';

describe('Identity', () => {
  it('has the id that libp2p gives the same key', async () => {
    for (const fill of [0, 1, 127, 255]) {
      const seed = new Uint8Array(32).fill(fill);
      const theirs = peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', seed));
      expect(Identity.fromSeed(seed).nodeId).toBe(theirs.toString());
    }
  });

  it('has the key and signature of RFC 8032, 7.1, test 2', () => {
    const seed = fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')!;
    const identity = Identity.fromSeed(seed);
    expect(toHex(identity.publicKey)).toBe(
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    );
    expect(toHex(identity.sign(Uint8Array.of(0x72)))).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
    expect(toHex(identity.seed)).toBe(toHex(seed));
  });

  it('signs what its public key verifies', () => {
    const identity = Identity.generate();
    const message = Uint8Array.of(1, 2, 3);
    expect(verifySignature(identity.publicKey, message, identity.sign(message))).toBe(true);
    expect(verifySignature(Identity.generate().publicKey, message, identity.sign(message))).toBe(false);
  });

  it('makes another key each time', () => {
    expect(Identity.generate().nodeId).not.toBe(Identity.generate().nodeId);
  });

  it('does not show its secret when printed', () => {
    const identity = Identity.fromSeed(new Uint8Array(32).fill(0xab));
    expect(JSON.stringify(identity)).not.toContain('171');
    expect(Object.keys(identity).sort()).toEqual(['nodeId', 'publicKey']);
  });
});

describe('A node id', () => {
  it('holds the whole public key', () => {
    const { nodeId, publicKey } = Identity.generate();
    expect(nodeIdOf(publicKey)).toBe(nodeId);
    expect(toHex(publicKeyOf(nodeId)!)).toBe(toHex(publicKey));
  });

  it.each([
    '',
    '12D3KooW',
    'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
    '0'.repeat(52),
    `${'z'.repeat(65)}`,
  ])('is not %j', (text) => {
    expect(publicKeyOf(text)).toBeNull();
  });
});
