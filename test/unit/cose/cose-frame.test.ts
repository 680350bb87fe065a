import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes, toHex } from '../../../src/bytes/index.ts';
import { parseCose1, signCose1, verifyCose1 } from '../../../src/cose/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import { hex } from './ed25519-vectors.ts';

const key = Identity.fromSeed(new Uint8Array(32).fill(7));
const author = toHex(key.publicKey);
const AAD = Buffer.from('somewhere');
const BOUNDARIES = [0, 1, 23, 24, 25, 255, 256, 257, 65_535, 65_536, 65_537];

function parsed(bytes: Uint8Array) {
  const result = parseCose1(bytes);
  if (!result.ok) throw new Error(result.code);
  return result.value;
}

describe('a COSE_Sign1 frame', () => {
  it.each(BOUNDARIES)('with a payload of %i bytes comes back as it was signed', (length) => {
    const payload = new Uint8Array(length).fill(0x5a);
    const bytes = signCose1(payload, key, AAD);
    const cose1 = parsed(bytes);
    expect(Buffer.compare(cose1.payload, payload)).toBe(0);
    expect(toHex(cose1.author)).toBe(author);
    expect(cose1.signature).toHaveLength(64);
    expect(cose1.bytes).toBe(bytes);
    expect(verifyCose1(cose1, AAD)).toEqual({ ok: true, value: true });
  });

  it('is the byte template of the README', () => {
    const bytes = signCose1(hex('01020304'), key, AAD);
    const head = `d28458${'26'}a201270458${'20'}${author}a0${'44'}01020304${'5840'}`;
    expect(toHex(bytes.subarray(0, -64))).toBe(head);
  });

  it('is refused under other external data, another payload or another author', () => {
    const bytes = signCose1(hex('0102'), key, AAD);
    const refused = { ok: false, code: 'cose.bad-signature' };
    expect(verifyCose1(parsed(bytes), Buffer.from('elsewhere'))).toEqual(refused);
    expect(verifyCose1(parsed(bytes), new Uint8Array(0))).toEqual(refused);
    expect(verifyCose1({ ...parsed(bytes), payload: hex('0103') }, AAD)).toEqual(refused);
    const stranger = Identity.fromSeed(new Uint8Array(32).fill(8)).publicKey;
    expect(verifyCose1({ ...parsed(bytes), author: stranger }, AAD)).toEqual(refused);
  });

  it('by a key of small order is refused for its key', () => {
    const bytes = Uint8Array.from(signCose1(hex('0102'), key, AAD));
    bytes.fill(0, 10, 42);
    expect(verifyCose1(parsed(bytes), AAD)).toEqual({ ok: false, code: 'cose.bad-key' });
  });

  it('does not confuse external data with the payload', () => {
    const bytes = signCose1(hex('aabb'), key, hex('cc'));
    const shifted = signCose1(hex('aa'), key, hex('bbcc'));
    expect(toHex(bytes.subarray(-64))).not.toBe(toHex(shifted.subarray(-64)));
  });
});

describe('what is not the one frame', () => {
  const payload = 'a1a2a3';
  let signature = '';
  beforeAll(() => {
    signature = toHex(signCose1(hex(payload), key, AAD).subarray(-64));
  });
  const kid = `0458${'20'}${author}`;
  const plain = `58${'26'}a20127${kid}`;

  /** Each is the same object to a lenient COSE reader, or near to it. */
  const DEVIATIONS: readonly (readonly [string, () => string])[] = [
    ['no tag', () => `84${plain}a043${payload}5840${signature}`],
    ['the tag in two bytes', () => `d81284${plain}a043${payload}5840${signature}`],
    ['another tag', () => `d184${plain}a043${payload}5840${signature}`],
    ['two tags', () => `d2d284${plain}a043${payload}5840${signature}`],
    ["CBOR's own tag before it", () => `d9d9f7d284${plain}a043${payload}5840${signature}`],
    ['an array of indefinite length', () => `d29f${plain}a043${payload}5840${signature}ff`],
    ['an array head of two bytes', () => `d29804${plain}a043${payload}5840${signature}`],
    ['an array of five', () => `d285${plain}a043${payload}5840${signature}f6`],
    ['an array of three', () => `d283${plain}a043${payload}`],
    ['a protected header with a long head', () => `d284590026a20127${kid}a043${payload}5840${signature}`],
    ['the header entries in another order', () => `d28458${'26'}a2${kid}0127a043${payload}5840${signature}`],
    ['another algorithm', () => `d28458${'26'}a20126${kid}a043${payload}5840${signature}`],
    ['the algorithm in two bytes', () => `d28458${'27'}a2013807${kid}a043${payload}5840${signature}`],
    [
      'the key id with a long head',
      () => `d28458${'27'}a20127045900${'20'}${author}a043${payload}5840${signature}`,
    ],
    [
      'a protected map of indefinite length',
      () => `d28458${'27'}bf0127${kid}ffa043${payload}5840${signature}`,
    ],
    ['a third protected entry', () => `d28458${'28'}a30127${kid}0300a043${payload}5840${signature}`],
    ['no algorithm', () => `d28458${'24'}a1${kid}a043${payload}5840${signature}`],
    ['no key id', () => `d28443a10127a043${payload}5840${signature}`],
    ['an unprotected entry', () => `d284${plain}a1030043${payload}5840${signature}`],
    ['an unprotected map of indefinite length', () => `d284${plain}bfff43${payload}5840${signature}`],
    ['an unprotected map with a long head', () => `d284${plain}b80043${payload}5840${signature}`],
    ['null for the unprotected map', () => `d284${plain}f643${payload}5840${signature}`],
    ['a payload head of two bytes', () => `d284${plain}a05803${payload}5840${signature}`],
    ['a payload head of three bytes', () => `d284${plain}a0590003${payload}5840${signature}`],
    ['a payload head of five bytes', () => `d284${plain}a05a00000003${payload}5840${signature}`],
    ['a payload head of nine bytes', () => `d284${plain}a05b0000000000000003${payload}5840${signature}`],
    ['a payload of indefinite length', () => `d284${plain}a05f43${payload}ff5840${signature}`],
    ['a text as payload', () => `d284${plain}a063${payload}5840${signature}`],
    ['a detached payload', () => `d284${plain}a0f65840${signature}`],
    ['a payload one byte longer than its head says', () => `d284${plain}a043${payload}005840${signature}`],
    ['a payload one byte shorter than its head says', () => `d284${plain}a044${payload}5840${signature}`],
    ['a signature head of three bytes', () => `d284${plain}a043${payload}590040${signature}`],
    ['a signature of 63 bytes', () => `d284${plain}a043${payload}583f${signature.slice(2)}`],
    ['a signature of 65 bytes', () => `d284${plain}a043${payload}5841${signature}00`],
    ['a signature of another type', () => `d284${plain}a043${payload}7840${signature}`],
    ['a byte behind it', () => `d284${plain}a043${payload}5840${signature}00`],
    ['a byte before it', () => `00d284${plain}a043${payload}5840${signature}`],
    ['nothing', () => ''],
  ];

  it('differs from the frame itself, which is taken', () => {
    expect(parseCose1(hex(`d284${plain}a043${payload}5840${signature}`)).ok).toBe(true);
  });

  it.each(DEVIATIONS)('is refused: %s', (_name, bytes) => {
    expect(parseCose1(hex(bytes()))).toEqual({ ok: false, code: 'cose.bad-frame' });
  });

  it.each([
    ['24 bytes in a head of three', `590018${'00'.repeat(24)}`],
    ['255 bytes in a head of five', `5a000000ff${'00'.repeat(255)}`],
    ['256 bytes in a head of five', `5a00000100${'00'.repeat(256)}`],
    ['65,535 bytes in a head of five', `5a0000ffff${'00'.repeat(65_535)}`],
  ])('is refused: a payload of %s', (_name, item) => {
    expect(parseCose1(hex(`d284${plain}a0${item}5840${signature}`))).toEqual({
      ok: false,
      code: 'cose.bad-frame',
    });
  });

  it('is refused at every shorter length', () => {
    const whole = hex(`d284${plain}a043${payload}5840${signature}`);
    for (let length = 0; length < whole.length; length++) {
      expect(parseCose1(whole.subarray(0, length)).ok, `${length} bytes`).toBe(false);
    }
  });

  it('is refused after a change of any byte, if not for its frame then for its signature', () => {
    const whole = hex(`d284${plain}a043${payload}5840${signature}`);
    for (let at = 0; at < whole.length; at++) {
      const changed = Uint8Array.from(whole);
      changed[at]! ^= 0x01;
      const read = parseCose1(changed);
      expect(read.ok && verifyCose1(read.value, AAD).ok, `byte ${at}`).toBe(false);
    }
  });

  it('never decodes to what encodes to other bytes', () => {
    const near = fc.tuple(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ maxLength: 300 }));
    fc.assert(
      fc.property(near, ([head, rest]) => {
        const bytes = concatBytes([hex(`d284${plain}a0`), head, rest, hex(`5840${signature}`)]);
        const read = parseCose1(bytes);
        if (!read.ok) return;
        const again = parsed(signCose1(read.value.payload, key, AAD));
        expect(toHex(bytes.subarray(0, -64))).toBe(toHex(again.bytes.subarray(0, -64)));
      }),
    );
  });
});
