import { describe, expect, it } from 'vitest';
import { parseDeviceEvent } from '../../../../node/demo/serial/device-event.ts';

describe('a line of the virtual device', () => {
  it('tells that it booted, and why', () => {
    expect(parseDeviceEvent('booted 7 1')).toEqual({ kind: 'booted', epoch: 7, cause: '1' });
  });
  it('tells what it took', () => {
    const taken = { kind: 'taken', epoch: 7, counter: 12, topicId: 2, value: '-3.5' };
    expect(parseDeviceEvent('taken 7 12 2 -3.5')).toEqual(taken);
  });
  it('keeps blanks in a text', () => {
    expect(parseDeviceEvent('taken 1 1 1 door is open')).toMatchObject({ value: 'door is open' });
  });
  it('tells that nothing waits any more', () => {
    expect(parseDeviceEvent('idle')).toEqual({ kind: 'idle' });
  });
  it('is passed over where it tells something else', () => {
    expect(parseDeviceEvent('state online')).toEqual({ kind: 'other', line: 'state online' });
  });
});
