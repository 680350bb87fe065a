import { expect, test } from 'vitest';
import type { MonitorEvent, PortStatus } from '../../../node/control/client/index.ts';
import { watchCounters } from '../../../node/device/counter-watch.ts';
import { samplePort } from './fake-devices.ts';

/** What is told while the agent answers these lists one after the other, and is gone then. */
async function told(...looks: readonly (readonly PortStatus[])[]): Promise<MonitorEvent[]> {
  const events: MonitorEvent[] = [];
  const left = [...looks];
  const serialPorts = async (): Promise<readonly PortStatus[]> => {
    const ports = left.shift();
    if (ports === undefined) throw new Error('gone');
    return ports;
  };
  const { signal } = new AbortController();
  const wants = ({ path }: PortStatus): boolean => path !== '/dev/ttyUSB9';
  await watchCounters({ serialPorts }, { wants, nowMs: () => 7, signal, lookMs: 0 }, async (event) => {
    events.push(event);
  });
  return events;
}

test('tells by how much causes rose, of each port that is wanted', async () => {
  const port = (path: string, counters: Record<string, number>): PortStatus => samplePort({ path, counters });
  const events = await told(
    [port('/dev/ttyUSB0', { 'frame.bad-crc': 5, bytesIn: 10 }), port('/dev/ttyUSB9', { 'frame.bad-crc': 5 })],
    [port('/dev/ttyUSB0', { 'frame.bad-crc': 7, bytesIn: 90 }), port('/dev/ttyUSB9', { 'frame.bad-crc': 9 })],
    [
      port('/dev/ttyUSB0', { 'frame.bad-crc': 7, bytesIn: 99 }),
      port('/dev/ttyUSB1', { 'frame.too-long': 1 }),
    ],
  );
  expect(events).toEqual([
    { kind: 'counted', atMs: 7, port: '/dev/ttyUSB0', device: 'uno-1', counters: { 'frame.bad-crc': 2 } },
    { kind: 'counted', atMs: 7, port: '/dev/ttyUSB1', device: 'uno-1', counters: { 'frame.too-long': 1 } },
  ]);
});

test('ends with its signal while it waits for the next look', async () => {
  const ended = new AbortController();
  const watch = watchCounters(
    { serialPorts: async () => [] },
    { wants: () => true, nowMs: () => 0, signal: ended.signal, lookMs: 3_600_000 },
    async () => {},
  );
  ended.abort();
  await expect(watch).resolves.toBeUndefined();
});
