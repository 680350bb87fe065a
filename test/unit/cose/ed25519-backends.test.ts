import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Point } from '@noble/ed25519';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../../src/bytes/index.ts';
import { isAcceptableKey, nativeEd25519, portableEd25519, verifySignature } from '../../../src/cose/index.ts';
import { Identity } from '../../../src/identity/index.ts';

const BACKENDS = [nativeEd25519, portableEd25519];
const ORDER = Point.CURVE().n;
const PRIME = Point.CURVE().p;

interface WycheproofGroup {
  readonly publicKey: { readonly pk: string };
  readonly tests: readonly {
    readonly tcId: number;
    readonly comment: string;
    readonly msg: string;
    readonly sig: string;
    readonly result: 'valid' | 'invalid';
  }[];
}

interface SpecCheckCase {
  readonly what: string;
  readonly message: string;
  readonly publicKey: string;
  readonly signature: string;
  readonly valid: boolean;
}

const wycheproof: { numberOfTests: number; testGroups: readonly WycheproofGroup[] } =
  vectors('wycheproof.json');
const specCheck: readonly SpecCheckCase[] = vectors('speccheck.json');

function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../vectors/ed25519/${name}`, import.meta.url), 'utf8'));
}

function hex(text: string): Uint8Array {
  return fromHex(text)!;
}

describe.each(BACKENDS)('Ed25519 by $name', (backend) => {
  it("gives Wycheproof's verdicts", () => {
    const wrong: string[] = [];
    let cases = 0;
    for (const { publicKey, tests } of wycheproof.testGroups) {
      for (const { tcId, comment, msg, sig, result } of tests) {
        cases++;
        const verdict = backend.verify(hex(publicKey.pk), hex(msg), hex(sig));
        if (verdict !== (result === 'valid')) wrong.push(`${tcId}: ${comment}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(cases).toBe(wycheproof.numberOfTests);
  });

  it.each(specCheck)('says $valid to $what', ({ publicKey, message, signature, valid }) => {
    expect(backend.verify(hex(publicKey), hex(message), hex(signature))).toBe(valid);
  });

  it('refuses keys and signatures of the wrong length', () => {
    const key = Identity.generate();
    const message = Uint8Array.of(1, 2, 3);
    const signature = key.sign(message);
    expect(backend.verify(key.publicKey, message, signature)).toBe(true);
    expect(backend.verify(key.publicKey.subarray(1), message, signature)).toBe(false);
    expect(backend.verify(key.publicKey, message, signature.subarray(1))).toBe(false);
    expect(backend.verify(key.publicKey, message, concatBytes([signature, signature]))).toBe(false);
  });

  it('refuses a key that is no point of the curve', () => {
    const key = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 2 : 0));
    expect(() => Point.fromBytes(key)).toThrow();
    expect(backend.verify(key, Uint8Array.of(1), new Uint8Array(64))).toBe(false);
  });

  it('refuses a signature that only the cofactored equation takes', () => {
    const { publicKey, message, signature } = signWithTorsion();
    expect(backend.verify(publicKey, message, signature)).toBe(false);
    expect(isCofactoredValid(publicKey, message, signature)).toBe(true);
  });

  it('refuses S + L in place of S', () => {
    const key = Identity.generate();
    const message = Uint8Array.of(9);
    const signature = key.sign(message);
    const raised = concatBytes([
      signature.subarray(0, 32),
      littleEndian(fromLittleEndian(signature.subarray(32)) + ORDER),
    ]);
    expect(backend.verify(key.publicKey, message, signature)).toBe(true);
    expect(backend.verify(key.publicKey, message, raised)).toBe(false);
  });
});

describe('Both Ed25519 backends', () => {
  it('agree on signatures with any change', () => {
    const key = Identity.fromSeed(new Uint8Array(32).fill(5));
    const bytes = fc.uint8Array({ minLength: 0, maxLength: 64 });
    const change = fc.tuple(fc.constantFrom('key', 'message', 'signature', 'none'), fc.nat(), fc.nat(7));
    fc.assert(
      fc.property(bytes, change, (message, [where, at, bit]) => {
        const parts = {
          key: Uint8Array.from(key.publicKey),
          message: Uint8Array.from(message),
          signature: key.sign(message),
        };
        const part = where === 'none' ? new Uint8Array(0) : parts[where as keyof typeof parts];
        if (part.length > 0) part[at % part.length]! ^= 1 << bit;
        const verdicts = BACKENDS.map((backend) => backend.verify(parts.key, parts.message, parts.signature));
        expect(verdicts[0]).toBe(verdicts[1]);
        expect(verdicts[0]).toBe(part.length === 0);
      }),
      { numRuns: 60 },
    );
  });

  it('agree on what is built of extreme encodings', () => {
    const points = extremeEncodings();
    const scalars = [0n, 1n, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 255n - 1n, 2n ** 256n - 1n].map(
      littleEndian,
    );
    for (const publicKey of [...points, Identity.fromSeed(new Uint8Array(32).fill(5)).publicKey]) {
      for (const r of points) {
        for (const s of scalars) {
          const signature = concatBytes([r, s]);
          const verdicts = BACKENDS.map((backend) => backend.verify(publicKey, Uint8Array.of(1), signature));
          expect(verdicts[0], `${toHex(publicKey)} ${toHex(signature)}`).toBe(verdicts[1]);
        }
      }
    }
  }, 60_000);
});

describe('isAcceptableKey', () => {
  it('refuses every encoding of the eight points of small order, and whatever is not reduced', () => {
    for (const encoding of extremeEncodings()) expect(isAcceptableKey(encoding), toHex(encoding)).toBe(false);
    for (let low = 0xed; low <= 0xff; low++) {
      for (const top of [0x7f, 0xff]) {
        const unreduced = new Uint8Array(32).fill(0xff);
        unreduced[0] = low;
        unreduced[31] = top;
        expect(isAcceptableKey(unreduced), toHex(unreduced)).toBe(false);
      }
    }
  });

  it('finds exactly the small orders that the curve has', () => {
    const torsion = smallOrderPoints();
    expect(torsion).toHaveLength(8);
    for (const point of torsion) expect(isAcceptableKey(point.toBytes())).toBe(false);
  });

  it('takes ordinary keys, the highest reduced y among them', () => {
    for (let round = 0; round < 20; round++)
      expect(isAcceptableKey(Identity.generate().publicKey)).toBe(true);
    expect(isAcceptableKey(littleEndian(PRIME - 2n))).toBe(true);
    expect(isAcceptableKey(new Uint8Array(31).fill(1))).toBe(false);
  });
});

describe('verifySignature', () => {
  it('stays right while keys come and go beyond the cache', () => {
    const key = Identity.generate();
    const message = Uint8Array.of(1);
    const signature = key.sign(message);
    expect(verifySignature(key.publicKey, message, signature)).toBe(true);
    const stranger = Uint8Array.from(key.publicKey);
    for (let n = 0; n < 20_000; n++) {
      new DataView(stranger.buffer).setUint32(0, n);
      verifySignature(stranger, message, signature.subarray(1));
      if (n % 1_000 === 0) verifySignature(stranger, message, signature);
    }
    expect(verifySignature(key.publicKey, message, signature)).toBe(true);
  });
});

/** The points of order 1, 2, 4 and 8, made from any point by taking its large-order part away. */
function smallOrderPoints(): readonly Point[] {
  for (let y = 2; ; y++) {
    const point = tryPoint(littleEndian(BigInt(y)));
    const torsion = point?.multiply(ORDER - 1n, false).add(point);
    if (torsion === undefined || torsion.double().double().is0()) continue;
    const points = [torsion];
    while (points.length < 8) points.push(points.at(-1)!.add(torsion));
    return points;
  }
}

/** Canonical and other encodings of all points of small order. */
function extremeEncodings(): readonly Uint8Array[] {
  const canonical = smallOrderPoints().map((point) => Uint8Array.from(point.toBytes()));
  const negativeZeros = [1n, PRIME - 1n].map((y) => littleEndian(y + 2n ** 255n));
  const unreduced = [0n, 1n].flatMap((y) => [littleEndian(y + PRIME), littleEndian(y + PRIME + 2n ** 255n)]);
  return [...canonical, ...negativeZeros, ...unreduced];
}

/** A signature that is right but for a point of order 8 in R. */
function signWithTorsion(): { publicKey: Uint8Array; message: Uint8Array; signature: Uint8Array } {
  const [secret, nonce] = [123_456_789n, 987_654_321n];
  const publicKey = Uint8Array.from(Point.BASE.multiply(secret).toBytes());
  const message = Uint8Array.of(4, 2);
  const torsion = smallOrderPoints()[0]!;
  const r = Uint8Array.from(Point.BASE.multiply(nonce).add(torsion).toBytes());
  const k = challenge(r, publicKey, message);
  return { publicKey, message, signature: concatBytes([r, littleEndian((nonce + k * secret) % ORDER)]) };
}

function isCofactoredValid(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const r = signature.subarray(0, 32);
  const right = Point.fromBytes(r).add(
    Point.fromBytes(publicKey).multiply(challenge(r, publicKey, message), false),
  );
  return Point.BASE.multiply(fromLittleEndian(signature.subarray(32)), false)
    .subtract(right)
    .clearCofactor()
    .is0();
}

function challenge(r: Uint8Array, publicKey: Uint8Array, message: Uint8Array): bigint {
  return fromLittleEndian(hash('sha512', concatBytes([r, publicKey, message]), 'buffer')) % ORDER;
}

function tryPoint(bytes: Uint8Array): Point | null {
  try {
    return Point.fromBytes(bytes);
  } catch {
    return null;
  }
}

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse());
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}
