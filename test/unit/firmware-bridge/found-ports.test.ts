import { describe, expect, it } from 'vitest';
import { planAutoPorts } from '../../../firmware-bridge/host/bridge/auto-ports.ts';
import { sameBoard } from '../../../firmware-bridge/host/bridge/follow-port.ts';
import { MonitorHub } from '../../../firmware-bridge/host/bridge/monitor-hub.ts';
import type { SerialPortInfo } from '../../../firmware-bridge/host/discovery/index.ts';

const port = (path: string, more: Partial<SerialPortInfo> = {}): SerialPortInfo => ({
  path,
  byId: null,
  byPath: null,
  vendorId: '1a86',
  productId: '7523',
  serialNumber: null,
  manufacturer: null,
  product: null,
  ...more,
});
const nobody = () => false;

describe('ports that are found', () => {
  it('are looked after if they are USB and nobody named them', () => {
    const present = [port('/dev/ttyUSB0'), port('/dev/ttyUSB1'), port('/dev/ttyAMA0', { vendorId: null })];
    const plan = planAutoPorts(present, [], (path) => path === '/dev/ttyUSB1');
    expect(plan).toEqual({ add: ['/dev/ttyUSB0'], drop: [] });
  });

  it('are given up when they are gone, and not while they are open', () => {
    const found = [
      { path: '/dev/ttyUSB0', isOpen: false, isReleased: false },
      { path: '/dev/ttyUSB1', isOpen: true, isReleased: false },
    ];
    expect(planAutoPorts([], found, nobody)).toEqual({ add: [], drop: ['/dev/ttyUSB0'] });
  });

  it('are left to a program that flashes a board, which goes and comes back under another name', () => {
    const found = [{ path: '/dev/ttyACM0', isOpen: false, isReleased: true }];
    expect(planAutoPorts([port('/dev/ttyACM1')], found, nobody)).toEqual({ add: [], drop: [] });
  });

  it('are at most so many', () => {
    const present = Array.from({ length: 100 }, (_, index) => port(`/dev/ttyUSB${index}`));
    expect(planAutoPorts(present, [], nobody).add).toHaveLength(64);
  });
});

describe('a board that comes back under another name', () => {
  const names = { byId: '/dev/serial/by-id/uno', byPath: '/dev/serial/by-path/1' };

  it('is found by what it says of itself', () => {
    const present = [
      port('/dev/ttyACM3', { byId: names.byId }),
      port('/dev/ttyACM4', { byPath: names.byPath }),
    ];
    expect(sameBoard(present, names, nobody)?.path).toBe('/dev/ttyACM3');
  });

  it('is found by its place where several say the same, or it says nothing', () => {
    const twins = [
      port('/dev/ttyUSB3', { byId: names.byId }),
      port('/dev/ttyUSB4', { byId: names.byId, byPath: names.byPath }),
    ];
    expect(sameBoard(twins, names, nobody)?.path).toBe('/dev/ttyUSB4');
    expect(
      sameBoard([port('/dev/ttyUSB5', { byPath: names.byPath })], { ...names, byId: null }, nobody)?.path,
    ).toBe('/dev/ttyUSB5');
  });

  it('is not taken from another port, and not guessed', () => {
    const present = [port('/dev/ttyACM3', { byId: names.byId })];
    expect(sameBoard(present, names, () => true)).toBeNull();
    expect(sameBoard(present, { byId: null, byPath: null }, nobody)).toBeNull();
  });
});

describe('monitors', () => {
  const event = (n: number) => ({ kind: 'log', atMs: n, port: '/dev/ttyUSB0' });

  it('get what they want, in order', async () => {
    const hub = new MonitorHub();
    const monitor = hub.open(({ atMs }) => atMs > 1);
    for (const n of [1, 2, 3]) hub.tell(event(n));
    expect((await monitor.next()).value).toEqual(event(2));
    expect((await monitor.next()).value).toEqual(event(3));
  });

  it('are told how much a slow one did not get', async () => {
    const hub = new MonitorHub();
    const monitor = hub.open(() => true);
    for (let n = 0; n < 1_030; n++) hub.tell(event(n));
    for (let n = 0; n < 1_024; n++) expect((await monitor.next()).value?.atMs).toBe(n);
    hub.tell(event(2_000));
    expect((await monitor.next()).value).toMatchObject({ kind: 'left-out', count: 6 });
    expect((await monitor.next()).value).toEqual(event(2_000));
  });

  it('end also for whoever waits, and are watched no more', async () => {
    const hub = new MonitorHub();
    const monitor = hub.open(() => true);
    expect(hub.isWatched).toBe(true);
    const waiting = monitor.next();
    await monitor.return?.();
    expect((await waiting).done).toBe(true);
    expect(hub.isWatched).toBe(false);
    const other = hub.open(() => true).next();
    hub.stop();
    expect((await other).done).toBe(true);
  });
});
