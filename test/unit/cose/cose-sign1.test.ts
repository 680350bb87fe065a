import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, encodeCbor, fromHex, toHex } from '../../../src/bytes/index.ts';
import { parseCose1, type SigningKey, signCose1, verifyCose1 } from '../../../src/cose/index.ts';
import { Identity } from '../../../src/identity/index.ts';

const key = Identity.fromSeed(new Uint8Array(32).fill(7));
const other = Identity.fromSeed(new Uint8Array(32).fill(8));
const aad = encodeCbor(['sedge/1', new Uint8Array(16).fill(1)]);
/** Each form of a byte string's head on both sides of its bounds. */
const LENGTHS = [0, 1, 23, 24, 255, 256, 65_535, 65_536];

function payloadOf(length: number): Uint8Array {
  return new Uint8Array(length).map((_, index) => index);
}

describe('COSE_Sign1', () => {
  it.each(LENGTHS)('comes back as it went, with a payload of %i bytes', (length) => {
    const payload = payloadOf(length);
    const bytes = signCose1(payload, key, aad);
    const parsed = parseCose1(bytes);
    if (!parsed.ok) throw new Error(parsed.code);
    expect(toHex(parsed.value.author)).toBe(toHex(key.publicKey));
    expect(Buffer.compare(parsed.value.payload, payload)).toBe(0);
    expect(parsed.value.bytes).toBe(bytes);
    expect(verifyCose1(parsed.value, aad)).toEqual({ ok: true, value: true });
  });

  it('gives views of the bytes, at any offset in a larger buffer', () => {
    const bytes = signCose1(payloadOf(40), key, aad);
    const within = concatBytes([new Uint8Array(13), bytes, new Uint8Array(9)]).subarray(
      13,
      13 + bytes.length,
    );
    const parsed = parseCose1(within);
    if (!parsed.ok) throw new Error(parsed.code);
    expect(parsed.value.author.buffer).toBe(within.buffer);
    expect(parsed.value.payload.buffer).toBe(within.buffer);
    expect(verifyCose1(parsed.value, aad).ok).toBe(true);
  });

  it('is the template of the protocol, byte for byte', () => {
    const bytes = signCose1(Uint8Array.of(0x83, 1, 2, 3), key, aad);
    const parts = ['d28458', '26', 'a201270458', '20', toHex(key.publicKey), 'a0', '4483010203', '5840'];
    expect(toHex(bytes).slice(0, -128)).toBe(parts.join(''));
  });

  it('is signed for its external data alone', () => {
    const parsed = parseCose1(signCose1(payloadOf(40), key, aad));
    if (!parsed.ok) throw new Error(parsed.code);
    const elsewhere = encodeCbor(['sedge/1', new Uint8Array(16).fill(2)]);
    expect(verifyCose1(parsed.value, elsewhere)).toEqual({ ok: false, code: 'cose.bad-signature' });
    expect(verifyCose1(parsed.value, new Uint8Array(0))).toEqual({ ok: false, code: 'cose.bad-signature' });
  });

  it('refuses the signature of another key', () => {
    const impostor: SigningKey = { publicKey: key.publicKey, sign: (bytes) => other.sign(bytes) };
    const parsed = parseCose1(signCose1(payloadOf(40), impostor, aad));
    if (!parsed.ok) throw new Error(parsed.code);
    expect(verifyCose1(parsed.value, aad)).toEqual({ ok: false, code: 'cose.bad-signature' });
  });

  it.each([
    ['of small order', '0100000000000000000000000000000000000000000000000000000000000000'],
    ['that is not canonical', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ])('refuses a key %s', (_, hex) => {
    const bad: SigningKey = { publicKey: fromHex(hex)!, sign: () => new Uint8Array(64) };
    const parsed = parseCose1(signCose1(payloadOf(3), bad, aad));
    if (!parsed.ok) throw new Error(parsed.code);
    expect(verifyCose1(parsed.value, aad)).toEqual({ ok: false, code: 'cose.bad-key' });
  });
});

describe('The frame of COSE_Sign1', () => {
  it.each(LENGTHS.slice(0, 6))(
    'refuses every truncation and any byte more, with a payload of %i bytes',
    (length) => {
      const bytes = signCose1(payloadOf(length), key, aad);
      for (let end = 0; end < bytes.length; end++) {
        expect(parseCose1(bytes.subarray(0, end)), `cut at ${end}`).toEqual({
          ok: false,
          code: 'cose.bad-frame',
        });
      }
      expect(parseCose1(concatBytes([bytes, Uint8Array.of(0)])).ok).toBe(false);
    },
  );

  it('lets no single bit change without a refusal', () => {
    const bytes = signCose1(payloadOf(30), key, aad);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const parsed = parseCose1(flipped);
      expect(parsed.ok && verifyCose1(parsed.value, aad).ok, `bit ${bit}`).toBe(false);
    }
  });

  it.each([
    ['no tag', ['8458', '26', 'a201270458', '20', 'KEY', 'a0', '43010203', '5840', 'SIG']],
    ['a tag of two bytes', ['d8128458', '26', 'a201270458', '20', 'KEY', 'a0', '43010203', '5840', 'SIG']],
    [
      'an array of open length',
      ['d29f58', '26', 'a201270458', '20', 'KEY', 'a0', '43010203', '5840', 'SIG', 'ff'],
    ],
    [
      'a longer head of the header',
      ['d2845900', '26', 'a201270458', '20', 'KEY', 'a0', '43010203', '5840', 'SIG'],
    ],
    [
      'the header in another order',
      ['d28458', '26', 'a2045820', 'KEY', '0127', 'a0', '43010203', '5840', 'SIG'],
    ],
    [
      'something unprotected',
      ['d28458', '26', 'a201270458', '20', 'KEY', 'a10101', '43010203', '5840', 'SIG'],
    ],
    [
      'a payload head of two bytes',
      ['d28458', '26', 'a201270458', '20', 'KEY', 'a0', '5803010203', '5840', 'SIG'],
    ],
    [
      'a payload head of three bytes',
      ['d28458', '26', 'a201270458', '20', 'KEY', 'a0', '590003010203', '5840', 'SIG'],
    ],
    [
      'a payload head of five bytes',
      ['d28458', '26', 'a201270458', '20', 'KEY', 'a0', '5a00000003010203', '5840', 'SIG'],
    ],
    [
      'a payload head of nine bytes',
      ['d28458', '26', 'a201270458', '20', 'KEY', 'a0', '5b0000000000000003010203', '5840', 'SIG'],
    ],
    ['a payload in chunks', ['d28458', '26', 'a201270458', '20', 'KEY', 'a0', '5f43010203ff', '5840', 'SIG']],
    ['a payload of text', ['d28458', '26', 'a201270458', '20', 'KEY', 'a0', '63616263', '5840', 'SIG']],
    ['no payload', ['d28458', '26', 'a201270458', '20', 'KEY', 'a0', 'f6', '5840', 'SIG']],
    [
      'a longer signature head',
      ['d28458', '26', 'a201270458', '20', 'KEY', 'a0', '43010203', '590040', 'SIG'],
    ],
    [
      'a signature of 63 bytes',
      ['d28458', '26', 'a201270458', '20', 'KEY', 'a0', '43010203', '583f', '00'.repeat(63)],
    ],
  ])('refuses %s', (_, parts) => {
    const hex = parts.join('').replace('KEY', toHex(key.publicKey)).replace('SIG', '00'.repeat(64));
    expect(parseCose1(fromHex(hex)!)).toEqual({ ok: false, code: 'cose.bad-frame' });
  });

  it('takes any bytes without throwing, and only what signing would have made', () => {
    const good = signCose1(payloadOf(50), key, aad);
    const mutated = fc
      .tuple(fc.nat(good.length - 1), fc.uint8Array({ maxLength: 5 }), fc.nat(5))
      .map(([at, insert, drop]) => concatBytes([good.subarray(0, at), insert, good.subarray(at + drop)]));
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const parsed = parseCose1(bytes);
        if (!parsed.ok) return;
        const { author, payload, signature } = parsed.value;
        const again = signCose1(payload, { publicKey: author, sign: () => signature }, aad);
        expect(toHex(again)).toBe(toHex(bytes));
      }),
      { numRuns: 2_000 },
    );
  });
});
