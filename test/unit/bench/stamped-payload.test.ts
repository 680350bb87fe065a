import { describe, expect, it } from 'vitest';
import { readStamp, stampPayload } from '../../../bench/stamped-payload.ts';

describe('a stamped payload', () => {
  it('gives its stamp back', () => {
    const stamp = { sentMs: 123_456_789.25, phase: 2, index: 99_999 };
    const payload = stampPayload(64, stamp);
    expect(payload).toHaveLength(64);
    expect(readStamp(payload)).toEqual(stamp);
  });
  it('is read where it lies within a larger buffer', () => {
    const larger = new Uint8Array(96);
    larger.set(stampPayload(64, { sentMs: 5, phase: 1, index: 7 }), 16);
    expect(readStamp(larger.subarray(16))?.index).toBe(7);
  });
  it('is text', () => {
    const text = new TextDecoder().decode(stampPayload(64, { sentMs: 7.5, phase: 3, index: 12 }));
    expect(text).toMatch(/^0000000000007500000300000012[a-z]{36}$/);
  });
  it('that is too short has no stamp', () => {
    expect(readStamp(new Uint8Array(27))).toBeNull();
  });
});
