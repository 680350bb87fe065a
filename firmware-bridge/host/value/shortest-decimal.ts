/** Digits that tell any two float32 apart. */
const FLOAT32_DIGITS_MAX = 9;
/** Digits that tell any two float16 apart. */
const FLOAT16_DIGITS_MAX = 5;
/** Exponent of the smallest normal float16. */
const FLOAT16_EXPONENT_MIN = -14;
const FLOAT16_FRACTION_BITS = 10;

/** The number with the fewest decimal digits that reads back as the same float32: 21.1, not 21.100000381. */
export function shortestOfFloat32(value: number): number {
  if (Number.isInteger(value) || !Number.isFinite(value)) return value;
  for (let digits = 1; digits < FLOAT32_DIGITS_MAX; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(FLOAT32_DIGITS_MAX));
}

/** As {@link shortestOfFloat32}, for a float16. */
export function shortestOfFloat16(value: number): number {
  if (Number.isInteger(value) || !Number.isFinite(value)) return value;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), FLOAT16_EXPONENT_MIN);
  // Half of the way to the next float16, which is only half as far below a power of two.
  const isPower = Math.abs(value) === 2 ** exponent;
  const reach = 2 ** (exponent - FLOAT16_FRACTION_BITS - (isPower ? 2 : 1));
  for (let digits = 1; digits < FLOAT16_DIGITS_MAX; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.abs(candidate - value) < reach) return candidate;
  }
  return Number(value.toPrecision(FLOAT16_DIGITS_MAX));
}
