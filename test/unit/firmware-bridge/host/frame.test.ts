import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  crc16,
  decodeBody,
  decodeCobs,
  encodeBody,
  encodeCobs,
  encodeFrame,
  FrameSplitter,
} from '../../../../firmware-bridge/host/frame/index.ts';
import { toHex } from '../../../../src/bytes/index.ts';
import { Counters } from '../../../../src/errors/index.ts';
import { makeSerialVectors, vectorText } from '../../../vectors/make-serial-vectors.ts';
import { vectorCases, vectorFile } from './serial-vectors.ts';

function splitter(mtu = 250) {
  const counters = new Counters();
  return { counters, split: new FrameSplitter({ mtu }, counters) };
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const ACK = { type: 'ack', seq: 1, ack: 2, notReady: false, again: false, payload: bytes('') } as const;

describe('the golden bytes', () => {
  it.each(Object.entries(makeSerialVectors()))('%s is what its script makes', (name, cases) => {
    expect(vectorFile(name)).toBe(vectorText(name, cases));
  });

  it.each(vectorCases('frames.txt', 'crc'))('hold CRCs', (one) => {
    expect(crc16(one.bytes('bytes'))).toBe(one.number('crc'));
  });

  it.each(vectorCases('frames.txt', 'cobs'))('hold coded bytes', (one) => {
    const body = one.bytes('body');
    const coded = new Uint8Array(body.length + 4);
    expect(toHex(coded.subarray(0, encodeCobs(body, coded, 0)))).toBe(one.text('coded'));
    expect(toHex(decodeCobs(one.bytes('coded'))!)).toBe(one.text('body'));
  });

  it.each(vectorCases('frames.txt', 'bad-cobs'))('hold what codes nothing: $note', (one) => {
    expect(decodeCobs(one.bytes('coded'))).toBeNull();
  });

  it.each(vectorCases('frames.txt', 'frame'))('hold frames: $note', (one) => {
    const { split } = splitter();
    const [found] = split.push(one.bytes('wire'));
    if (found?.kind !== 'frame') throw new Error('no frame');
    expect(found.frame.type).toBe(one.text('type'));
    expect(toHex(encodeBody(found.frame).slice(0, -2))).toBe(one.text('body'));
    expect(toHex(encodeFrame(found.frame))).toBe(one.text('wire'));
  });

  it.each(vectorCases('frames.txt', 'noise'))('hold what is no frame: $note', (one) => {
    const { split, counters } = splitter();
    const found = split.push(Uint8Array.of(0, ...one.bytes('chunk'), 0));
    if (one.text('as') === 'text') expect(found).toEqual([{ kind: 'text', line: 't = 21.5 °C' }]);
    else expect(found).toEqual([]);
    expect(counters.snapshot()).toEqual(one.text('as') === 'text' ? {} : { [`frame.${one.text('as')}`]: 1 });
  });
});

describe('a splitter', () => {
  it('finds every frame whatever pieces the bytes come in', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 245 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(bodies, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (payloads, cuts) => {
        const wire = Buffer.concat(payloads.map((payload) => encodeFrame({ ...ACK, payload })));
        const { split, counters } = splitter();
        const found: string[] = [];
        for (let at = 0, cut = 0; at < wire.length; cut++) {
          const end = at + cuts[cut % cuts.length]!;
          for (const one of split.push(wire.subarray(at, end))) {
            if (one.kind === 'frame') found.push(toHex(one.frame.payload));
          }
          at = end;
        }
        expect(found).toEqual(payloads.map(toHex));
        expect(counters.snapshot()).toEqual({});
      }),
    );
  });

  it('takes two frames that share a zero', () => {
    const { split } = splitter();
    const wire = encodeFrame(ACK);
    expect(split.push(Uint8Array.of(...wire, ...wire.subarray(1)))).toHaveLength(2);
  });

  it('keeps text before a frame apart from it', () => {
    const { split } = splitter();
    const found = split.push(Buffer.concat([bytes('boot\r\nt=21.5\n'), encodeFrame(ACK)]));
    expect(found.map((one) => (one.kind === 'text' ? one.line : one.kind))).toEqual([
      'boot',
      't=21.5',
      'frame',
    ]);
  });

  it('shows text that no frame ever ends, line by line, and keeps no more of it than a frame is long', () => {
    const { split } = splitter(64);
    const lines = Array.from({ length: 1_000 }, (_, at) => `line ${at} ä€😀`);
    const found = split.push(bytes(lines.join('\n')));
    found.push(...split.push(Uint8Array.of(0)));
    expect(found.map((one) => (one.kind === 'text' ? one.line : one.kind))).toEqual(lines);
  });

  it('cuts a line without an end between characters', () => {
    const { split, counters } = splitter(64);
    const text = '€'.repeat(500);
    const found = split.push(bytes(text));
    found.push(...split.push(Uint8Array.of(0)));
    expect(found.map((one) => (one.kind === 'text' ? one.line : '')).join('')).toBe(text);
    expect(counters.snapshot()).toEqual({});
  });

  it('passes over a frame that never ends, counts it once, and finds the next', () => {
    const { split, counters } = splitter();
    for (let at = 0; at < 1_000; at++) expect(split.push(new Uint8Array(100).fill(0xe7))).toEqual([]);
    expect(split.push(encodeFrame(ACK))).toHaveLength(1);
    expect(counters.snapshot()).toEqual({ 'frame.too-long': 1 });
  });

  it('takes a frame of the largest size and refuses one byte more', () => {
    const { split, counters } = splitter(64);
    expect(split.push(encodeFrame({ ...ACK, payload: new Uint8Array(59).fill(9) }))).toHaveLength(1);
    expect(split.push(encodeFrame({ ...ACK, payload: new Uint8Array(60).fill(9) }))).toHaveLength(0);
    expect(counters.snapshot()).toEqual({ 'frame.too-long': 1 });
  });

  it('counts all noise, throws at none, and finds the frame behind it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (noise) => {
        const { split } = splitter(64);
        split.push(noise);
        const found = split.push(encodeFrame(ACK));
        expect(found.at(-1)).toMatchObject({ kind: 'frame', frame: { type: 'ack', seq: 1, ack: 2 } });
      }),
    );
  });

  it('hands on no character that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        const { split } = splitter(64);
        const found = [...split.push(noise), ...split.push(Uint8Array.of(0))];
        for (const one of found) {
          if (one.kind !== 'text') continue;
          for (const character of one.line) {
            const code = character.codePointAt(0)!;
            expect(code === 9 || (code >= 32 && code < 127) || code > 159).toBe(true);
          }
        }
      }),
    );
  });

  it('forgets a chunk that had begun when the port is opened anew', () => {
    const { split, counters } = splitter();
    split.push(Uint8Array.of(9, 1, 2));
    split.reset();
    expect(split.push(encodeFrame(ACK))).toHaveLength(1);
    expect(counters.snapshot()).toEqual({});
  });
});

describe('a body', () => {
  it('is told from one with any single bit flipped', () => {
    const body = encodeBody({ ...ACK, payload: bytes('21.5') });
    for (let bit = 0; bit < body.length * 8; bit++) {
      const damaged = body.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeBody(damaged)).toBe('frame.bad-crc');
    }
  });
});
