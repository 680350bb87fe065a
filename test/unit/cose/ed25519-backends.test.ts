import { hash } from 'node:crypto';
import { Point } from '@noble/ed25519';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/bytes/index.ts';
import {
  isAcceptableKey,
  memoizedEd25519,
  nativeEd25519,
  portableEd25519,
  useEd25519,
  verifySignature,
} from '../../../src/cose/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import { hex, speccheckCases, wycheproofCases } from './ed25519-vectors.ts';

const BACKENDS = [nativeEd25519, portableEd25519, memoizedEd25519(nativeEd25519)];
const ORDER = Point.CURVE().n;
const PRIME = Point.CURVE().p;

/** A point of order 8, from the first "speccheck" key. */
const TORSION = Point.fromBytes(hex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'));
const MESSAGE = Buffer.from('reading');

function littleEndian(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}

function challenge(r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  const digest = hash('sha512', concatBytes([r, key, message]), 'buffer');
  return BigInt(`0x${Buffer.from(digest).reverse().toString('hex')}`) % ORDER;
}

/** Signs by hand, so that key and nonce can be points that no honest signer would use. */
function craft(secret: bigint, nonce: bigint, shift: { key?: Point; r?: Point } = {}) {
  const key = Point.BASE.multiply(secret)
    .add(shift.key ?? Point.ZERO)
    .toBytes();
  const r = Point.BASE.multiply(nonce, false)
    .add(shift.r ?? Point.ZERO)
    .toBytes();
  const s = (nonce + challenge(r, key, MESSAGE) * secret) % ORDER;
  return { key, signature: concatBytes([r, littleEndian(s)]) };
}

/** Verdicts of all backends, which have to be one. */
function verdict(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const verdicts = BACKENDS.map((backend) => backend.verify(key, message, signature));
  expect(new Set(verdicts).size, `verdicts ${verdicts}`).toBe(1);
  expect(verifySignature(key, message, signature)).toBe(verdicts[0]);
  return verdicts[0]!;
}

describe('both Ed25519 backends', () => {
  it("give Wycheproof's verdict on all of its cases", () => {
    const cases = wycheproofCases();
    expect(cases).toHaveLength(151);
    for (const { name, publicKey, message, signature, valid } of cases) {
      expect(verdict(publicKey, message, signature), name).toBe(valid);
    }
  });

  it('take of the twelve "speccheck" cases only the one that every equation fits', () => {
    const taken = speccheckCases()
      .filter(({ publicKey, message, signature }) => verdict(publicKey, message, signature))
      .map(({ name }) => name);
    expect(taken).toEqual(['3: A and R mixed; both equations hold']);
  });

  it('refuse all keys of small order, however they are written', () => {
    const written = new Set<string>();
    for (let multiple = 0n; multiple < 8n; multiple++) {
      const point = TORSION.multiply(multiple, false);
      const y = point.toAffine().y;
      for (const value of [y, y + PRIME]) {
        if (value >= 1n << 255n) continue;
        for (const sign of [0n, 1n << 255n])
          written.add(Buffer.from(littleEndian(value | sign)).toString('hex'));
      }
    }
    // Eight points, five values of y; 0, 1 and -1 have two more spellings by the sign, 0 and 1 by 2^255 - 19 too.
    expect(written.size).toBe(14);
    for (const key of written) {
      expect(isAcceptableKey(hex(key)), key).toBe(false);
      expect(verdict(hex(key), MESSAGE, concatBytes([hex(key), new Uint8Array(32)]))).toBe(false);
    }
  });

  it('refuse R of small order, for which some versions of OpenSSL fit the equation', () => {
    for (let multiple = 0n; multiple < 8n; multiple++) {
      const r = TORSION.multiply(multiple, false);
      const crafted = craft(77n, 0n, { r });
      expect(verdict(crafted.key, MESSAGE, crafted.signature)).toBe(false);
    }
  });

  it('refuse R that differs from the equation by a point of small order', () => {
    for (let multiple = 1n; multiple < 8n; multiple++) {
      const crafted = craft(77n, 99n, { r: TORSION.multiply(multiple) });
      expect(verdict(crafted.key, MESSAGE, crafted.signature)).toBe(false);
    }
  });

  it('refuse S with the order of the group added', () => {
    const { key, signature } = craft(77n, 99n);
    expect(verdict(key, MESSAGE, signature)).toBe(true);
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`);
    for (let times = 1n; s + times * ORDER < 1n << 256n; times++) {
      const malleated = concatBytes([signature.subarray(0, 32), littleEndian(s + times * ORDER)]);
      expect(verdict(key, MESSAGE, malleated)).toBe(false);
    }
  });

  it('refuse keys written with y of 2^255 - 19 or more', () => {
    for (let above = 0n; above < 19n; above++) {
      for (const sign of [0n, 1n << 255n]) {
        const key = littleEndian((PRIME + above) | sign);
        expect(isAcceptableKey(key)).toBe(false);
        expect(verdict(key, MESSAGE, craft(77n, 99n).signature)).toBe(false);
      }
    }
    expect(isAcceptableKey(littleEndian(PRIME - 2n))).toBe(true);
  });

  it('do not throw on keys and signatures of any length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 70 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ maxLength: 70 }),
        (key, message, signature) => {
          expect(verdict(key, message, signature)).toBe(false);
        },
      ),
    );
  });

  it('agree on signatures, keys and messages with some bits turned', () => {
    const flip = fc.record({ part: fc.nat(2), at: fc.nat(63), mask: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.array(flip, { maxLength: 2 }),
        (seed, message, flips) => {
          const identity = Identity.fromSeed(seed);
          const parts = [
            Uint8Array.from(identity.publicKey),
            Uint8Array.from(message),
            Uint8Array.from(identity.sign(message)),
          ] as const;
          const before = Buffer.concat(parts);
          for (const { part, at, mask } of flips) {
            const bytes = parts[part as 0 | 1 | 2];
            bytes[at % bytes.length]! ^= mask;
          }
          expect(verdict(...parts)).toBe(before.equals(Buffer.concat(parts)));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('agree on points of mixed order', () => {
    const multiple = fc.bigInt({ min: 0n, max: 7n });
    fc.assert(
      fc.property(multiple, multiple, fc.bigInt({ min: 1n, max: ORDER - 1n }), (a, b, nonce) => {
        const crafted = craft(77n, nonce, {
          key: TORSION.multiply(a, false),
          r: TORSION.multiply(b, false),
        });
        const k = challenge(crafted.signature.subarray(0, 32), crafted.key, MESSAGE);
        // S*B = R + k*A only if the small parts of R and k*A cancel.
        expect(verdict(crafted.key, MESSAGE, crafted.signature)).toBe((b + k * a) % 8n === 0n);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a memoized backend', () => {
  it('asks once for the same bytes, and again for any others', () => {
    let asked = 0;
    const backend = memoizedEd25519({
      name: 'counting',
      verify: (...bytes) => {
        asked++;
        return nativeEd25519.verify(...bytes);
      },
    });
    const key = Identity.generate();
    const signature = key.sign(MESSAGE);
    for (let turn = 0; turn < 3; turn++) expect(backend.verify(key.publicKey, MESSAGE, signature)).toBe(true);
    expect(asked).toBe(1);
    const other = Identity.generate();
    for (let turn = 0; turn < 3; turn++)
      expect(backend.verify(other.publicKey, MESSAGE, signature)).toBe(false);
    expect(asked).toBe(2);
    expect(backend.verify(key.publicKey, Buffer.from('reading!'), signature)).toBe(false);
    expect(backend.verify(key.publicKey, MESSAGE, signature.subarray(1))).toBe(false);
    expect(asked).toBe(4);
  });

  it('forgets the oldest verdict at its limit', () => {
    let asked = 0;
    const backend = memoizedEd25519({ name: 'counting', verify: () => ++asked > 0 }, 2);
    const verify = (text: string) => backend.verify(Buffer.from('key'), Buffer.from(text), Buffer.from('s'));
    for (const text of ['a', 'b', 'c', 'c', 'b', 'a']) verify(text);
    expect(asked).toBe(4);
  });
});

describe('the backend in use', () => {
  it('can be another one for a while', () => {
    const undo = useEd25519({ name: 'credulous', verify: () => true });
    expect(verifySignature(Identity.generate().publicKey, MESSAGE, new Uint8Array(64))).toBe(true);
    undo();
    expect(verifySignature(Identity.generate().publicKey, MESSAGE, new Uint8Array(64))).toBe(false);
  });
});
