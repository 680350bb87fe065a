import { describe, expect, it } from 'vitest';
import { LineNoise } from '../../../../node/demo/serial/line-noise.ts';
import { SeededRandom } from '../../../../simulations/index.ts';

const SEED = 'line-noise-1';
const BYTES = new Uint8Array(10_000).fill(0x55);
const CALM = { lost: 0, flipped: 0, printed: 0 };

function noise(rates: Partial<typeof CALM>): LineNoise {
  return new LineNoise(new SeededRandom(SEED), { ...CALM, ...rates });
}

describe(`a noisy line, seed ${SEED}`, () => {
  it('passes bytes as they are where it is calm', () => {
    expect(noise({}).pass(BYTES).equals(BYTES)).toBe(true);
  });
  it('loses about as many bytes as it is told, and counts them', () => {
    const line = noise({ lost: 0.01 });
    const out = line.pass(BYTES);
    expect(out).toHaveLength(BYTES.length - line.tally.lost);
    expect(line.tally.lost).toBeGreaterThan(50);
    expect(line.tally.lost).toBeLessThan(200);
  });
  it('turns one bit over in about as many bytes as it is told', () => {
    const line = noise({ flipped: 0.01 });
    const changed = [...line.pass(BYTES)].filter((byte) => byte !== 0x55);
    expect(changed).toHaveLength(line.tally.flipped);
    for (const byte of changed) expect([1, 2, 4, 8, 16, 32, 64, 128]).toContain(byte ^ 0x55);
    expect(line.tally.flipped).toBeGreaterThan(50);
  });
  it('carries what a sketch prints', () => {
    const line = noise({ printed: 1 });
    expect(line.pass(BYTES).toString('latin1')).toContain('free memory');
    expect(line.tally.printed).toBe(1);
  });
  it('does the same again with the same seed', () => {
    const [one, other] = [1, 2].map(() => noise({ lost: 0.1, flipped: 0.1, printed: 0.5 }).pass(BYTES));
    expect(one!.equals(other!)).toBe(true);
  });
});
