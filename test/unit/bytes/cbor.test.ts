import { describe, expect, it } from 'vitest';
import { cborInt, cborUint, decodeCbor, encodeCbor } from '../../../src/bytes/index.ts';

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');

describe('CBOR', () => {
  it('keeps integers of any safe size and either sign', () => {
    const edges = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 48, 2 ** 53 - 1];
    for (const edge of edges) {
      expect(decodeCbor(encodeCbor(cborUint(edge)))).toEqual({ ok: true, value: edge });
      for (const value of [-edge - 1, -edge, edge]) {
        if (!Number.isSafeInteger(value)) continue;
        expect(decodeCbor(encodeCbor([cborInt(value)]))).toEqual({ ok: true, value: [value || 0] });
      }
    }
  });

  it('reads a long negative integer inside maps and arrays beside long positive ones', () => {
    const item = hex('a21b00000001000000003b00000001ffffffff0182201b0000000100000000');
    expect(decodeCbor(item)).toEqual({
      ok: true,
      value: new Map<number, unknown>([
        [2 ** 32, -(2 ** 33)],
        [1, [-1, 2 ** 32]],
      ]),
    });
  });

  it.each([
    ['a stop code', 'ff'],
    ['a stop code in an array', '81ff'],
    ['a stop code after an item', '8200ff'],
    ['a stop code in a map', 'a100ff'],
    ['nothing', ''],
    ['trailing bytes', '0000'],
    ['an array of indefinite length', '9f00ff'],
    ['a map of indefinite length', 'bf0000ff'],
    ['a byte string of indefinite length', '5f4100ff'],
    ['a text of indefinite length', '7f6161ff'],
    ['a small integer in two bytes', '1817'],
    ['an integer below 256 in three bytes', '1900ff'],
    ['an integer below 65536 in five bytes', '1a0000ffff'],
    ['an integer below 2^32 in nine bytes', '1b00000000ffffffff'],
    ['a length that is not minimal', '580100'],
    ['an integer beyond 2^53', '1b0020000000000000'],
    ['a negative integer beyond -2^53', '3b001fffffffffffff'],
    ['an integer as a float', 'f93c00'],
    ['a tag', 'c100'],
    ['undefined', 'f7'],
    ['a text that is not UTF-8', '61ff'],
    ['a text that ends too early', '6261'],
    ['an array that ends too early', '8200'],
    ['a length far beyond the input', '9bffffffffffffffff'],
    ['a key twice in a map', 'a20161610161' + '62'],
  ])('refuses %s', (_what, text) => {
    expect(decodeCbor(hex(text))).toEqual({ ok: false, code: 'cbor.malformed' });
  });

  it('takes 16 levels of nesting and not 17', () => {
    expect(decodeCbor(hex(`${'81'.repeat(16)}00`)).ok).toBe(true);
    expect(decodeCbor(hex(`${'81'.repeat(17)}00`)).ok).toBe(false);
  });
});
