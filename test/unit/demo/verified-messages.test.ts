import { describe, expect, it } from 'vitest';
import { verifiedMessages } from '../../../node/demo/verified-messages.ts';

const log = (author: string, messages: number, ok = true) => ({ ok, author, epoch: 'e', messages });

describe('the messages that the offline check confirmed', () => {
  it('are those that arrived of logs without a fault', () => {
    const arrived = new Map([
      ['A/e', 10],
      ['B/e', 5],
    ]);
    expect(verifiedMessages([log('A', 10), log('B', 5), log('R', 3)], arrived)).toBe(15);
  });
  it('are none of a log with a fault', () => {
    const arrived = new Map([
      ['A/e', 10],
      ['B/e', 5],
    ]);
    expect(verifiedMessages([log('A', 10), log('B', 5, false)], arrived)).toBe(10);
  });
  it('are not more than the journal holds', () => {
    expect(verifiedMessages([log('A', 8)], new Map([['A/e', 10]]))).toBe(8);
  });
  it('are none of a log or an epoch that the journal does not know', () => {
    expect(verifiedMessages([log('A', 10)], new Map([['A/f', 10]]))).toBe(0);
  });
});
