import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeDeviceValue,
  encodeDeviceValue,
  payloadOf,
  toJson,
} from '../../../../firmware-bridge/host/value/index.ts';
import { fromHex, toHex } from '../../../../src/bytes/index.ts';
import { vectorCases } from './serial-vectors.ts';

function json(item: Uint8Array): string | null {
  const decoded = decodeDeviceValue(item);
  return decoded.ok ? toJson(decoded.value) : null;
}

function float32Item(value: number): Uint8Array {
  const item = Uint8Array.of(0xfa, 0, 0, 0, 0);
  new DataView(item.buffer).setFloat32(1, value);
  return item;
}

describe('a value of a device', () => {
  it.each(vectorCases('values.txt', 'value'))('is JSON in the mesh', (one) => {
    expect(json(one.bytes('item'))).toBe(one.text('json'));
  });

  it.each(vectorCases('values.txt', 'bad-value'))('is refused: $note', (one) => {
    expect(decodeDeviceValue(one.bytes('item'))).toMatchObject({ ok: false, code: 'record.bad-value' });
  });

  it('of float32 reads back as the same float32, with the fewest digits', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = json(float32Item(value))!;
        expect(Math.fround(Number(text))).toBe(value + 0);
        const digits = text.replace(/e.*/, '').replaceAll(/\D/g, '').replace(/^0+/, '');
        if (!Number.isInteger(value)) expect(digits.length).toBeLessThanOrEqual(9);
      }),
    );
  });

  it.each([21.1, 0.07, -12.345, 1013.25, 99.9])('of float32 is printed as a person wrote it: %s', (value) => {
    expect(json(float32Item(value))).toBe(String(value));
  });

  it('of any bytes throws nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const decoded = decodeDeviceValue(bytes);
        if (decoded.ok) JSON.parse(toJson(decoded.value));
      }),
    );
  });

  it('that is a text or bytes goes into the mesh as it is', () => {
    expect(payloadOf(fromHex('63616263')!)).toEqual({
      ok: true,
      value: { payload: Buffer.from('abc'), contentType: 'text/plain' },
    });
    expect(payloadOf(fromHex('420102')!)).toEqual({
      ok: true,
      value: { payload: Uint8Array.of(1, 2), contentType: 'application/octet-stream' },
    });
    expect(payloadOf(fromHex('fa41a8cccd')!)).toEqual({
      ok: true,
      value: { payload: Buffer.from('21.1'), contentType: null },
    });
  });
});

describe('a value for a device', () => {
  it('says what it is asked to say', () => {
    const values = fc.jsonValue({ maxDepth: 4, noUnicodeString: false });
    fc.assert(
      fc.property(values, (value) => {
        const item = encodeDeviceValue(value as never);
        fc.pre(item !== null);
        const decoded = decodeDeviceValue(item);
        expect(decoded.ok).toBe(true);
        const said = JSON.parse(json(item)!);
        const asFloat32 = (_: string, one: unknown) =>
          typeof one === 'number' && !Number.isSafeInteger(one) ? Math.fround(one) : one;
        const finite = (text: string) => JSON.parse(text, asFloat32);
        expect(finite(JSON.stringify(said))).toEqual(
          finite(JSON.stringify(JSON.parse(JSON.stringify(value), asFloat32))),
        );
      }),
    );
  });

  it('is of the shortest form', () => {
    const forms = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32, -1, -24, -25, 0.5].map((value) =>
      toHex(encodeDeviceValue(value)!),
    );
    expect(forms).toEqual([
      '00',
      '17',
      '1818',
      '18ff',
      '190100',
      '19ffff',
      '1a00010000',
      '1b0000000100000000',
      '20',
      '37',
      '3818',
      'fa3f000000',
    ]);
  });

  it('is refused where it is nested too deep', () => {
    expect(encodeDeviceValue([[[[[[[[[1]]]]]]]]])).toBeNull();
  });

  it('is refused where a number is beyond what a device has', () => {
    expect(encodeDeviceValue(JSON.parse('9'.repeat(500)))).toBeNull();
    expect(encodeDeviceValue([4e38])).toBeNull();
    expect(encodeDeviceValue([3.4e38])).not.toBeNull();
  });
});
