import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Bridge, SerialGateway } from '../../../../node/gateways/serial/serial-gateway.ts';
import { SedgeError, silentLog } from '../../../../src/errors/index.ts';
import { sampleDevice } from '../fake-devices.ts';

const PORT = '/dev/ttyUSB0';

let calls: string[];
let made: number;
let failure: SedgeError | null;

function bridge(): Bridge {
  const called = async (...call: string[]): Promise<void> => void calls.push(call.join(' '));
  return {
    start: async () => {
      await called('start');
      const thrown = failure;
      failure = null;
      if (thrown !== null) throw thrown;
    },
    stop: () => called('stop'),
    devices: () => [sampleDevice()],
    release: (port: string) => called('release', port),
    reclaim: (port: string) => called('reclaim', port),
  } as unknown as Bridge;
}

function gateway(ports: readonly string[]): SerialGateway {
  const makeBridge = async (): Promise<Bridge> => {
    made++;
    return bridge();
  };
  return new SerialGateway({ ports, makeBridge, log: silentLog });
}

beforeEach(() => {
  calls = [];
  made = 0;
  failure = null;
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the serial gateway', () => {
  test('loads no bridge for an agent without ports, until somebody asks for devices', async () => {
    const serial = gateway([]);
    await serial.start();
    expect(made).toBe(0);
    expect(await Promise.all([serial.devices(), serial.devices()])).toHaveLength(2);
    expect([made, calls]).toEqual([1, ['start']]);
    await serial.stop();
    expect(calls).toEqual(['start', 'stop']);
  });

  test('starts the bridge of an agent with ports, and stops it once', async () => {
    const serial = gateway([PORT]);
    await serial.start();
    await serial.stop();
    await serial.stop();
    expect([made, calls]).toEqual([1, ['start', 'stop']]);
  });

  test('lets the agent start where the bridge cannot, and tries again for the next who asks', async () => {
    failure = new SedgeError('device.book-failed', { reason: 'EIO' });
    const serial = gateway([PORT]);
    await serial.start();
    failure = new SedgeError('device.book-failed', { reason: 'EIO' });
    await expect(serial.devices()).rejects.toMatchObject({ code: 'device.book-failed' });
    expect(await serial.devices()).toHaveLength(1);
    expect(made).toBe(3);
  });

  test('answers nobody after its end, and loads nothing for them', async () => {
    const serial = gateway([]);
    await serial.stop();
    await expect(serial.devices()).rejects.toMatchObject({ code: 'agent.disconnected' });
    expect(made).toBe(0);
  });

  test('takes a port back that nobody gave back in ten minutes', async () => {
    const serial = gateway([PORT]);
    await serial.release(PORT);
    await vi.advanceTimersByTimeAsync(599_999);
    expect(calls).toEqual(['start', `release ${PORT}`]);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls).toEqual(['start', `release ${PORT}`, `reclaim ${PORT}`]);
  });

  test('takes a port back once, when it is given back', async () => {
    const serial = gateway([PORT]);
    await serial.release(PORT);
    await serial.release(PORT);
    await serial.reclaim(PORT);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(calls).toEqual(['start', `release ${PORT}`, `release ${PORT}`, `reclaim ${PORT}`]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
