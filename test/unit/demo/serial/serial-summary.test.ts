import { describe, expect, it } from 'vitest';
import {
  describeSerialSummary,
  isSerialPerfect,
  type SerialSummary,
} from '../../../../node/demo/serial/serial-summary.ts';

const PERFECT: SerialSummary = {
  perfect: true,
  sent: 1_000,
  delivered: 950,
  duplicated: 0,
  reportedLost: 50,
  unreportedLost: 0,
  foreign: 0,
  reportedInVain: 0,
  badFrames: 12,
  reconnects: 4,
  alarms: 0,
  noise: { passed: 50_000, lost: 100, flipped: 50, printed: 7 },
  gaps: [{ epoch: 2, first: 7, last: 56, reason: 'buffer-full' }],
  unplugged: 2,
  resets: 1,
  killed: 1,
  seconds: 41,
  seed: 1,
  compiler: 'cc',
  problems: [],
};

describe('the summary of the serial demo', () => {
  it('is perfect where each reading came once or is said to be lost', () => {
    expect(isSerialPerfect(PERFECT)).toBe(true);
  });
  it.each([
    { unreportedLost: 1 },
    { duplicated: 1 },
    { foreign: 1 },
    { delivered: 0 },
    { problems: ['the device never came back'] },
  ] satisfies Partial<SerialSummary>[])('is not perfect with %j', (change) => {
    expect(isSerialPerfect({ ...PERFECT, ...change })).toBe(false);
  });
  it('tells people what was lost and why', () => {
    const text = describeSerialSummary(PERFECT);
    expect(text).toContain('exactly once, or is reported as lost');
    expect(text).toContain('reported lost    50, as told by 1 gap: buffer-full');
  });
  it('says so where the run was not perfect', () => {
    const text = describeSerialSummary({ ...PERFECT, perfect: false, problems: ['no session'] });
    expect(text).toContain('not perfect');
    expect(text).toContain('no session');
  });
});
