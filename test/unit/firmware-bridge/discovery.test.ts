import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listSerialPorts, PortWatch } from '../../../firmware-bridge/host/discovery/index.ts';

let root: string;
let dev: string;
let sys: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sedge-discovery-'));
  dev = join(root, 'dev');
  sys = join(root, 'sys');
  mkdirSync(join(sys, 'class/tty'), { recursive: true });
  mkdirSync(dev);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A USB adapter as Linux shows it: the tty's device is the port of an interface of the device. */
function plugIn(name: string, facts: Readonly<Record<string, string>>): void {
  const usb = join(sys, 'devices/usb1', name);
  const port = join(usb, '1-2:1.0', name);
  mkdirSync(port, { recursive: true });
  for (const [file, text] of Object.entries(facts)) writeFileSync(join(usb, file), `${text}\n`);
  mkdirSync(join(sys, 'class/tty', name));
  symlinkSync(port, join(sys, 'class/tty', name, 'device'));
  writeFileSync(join(dev, name), '');
}

function link(kind: string, name: string, target: string): void {
  mkdirSync(join(dev, 'serial', kind), { recursive: true });
  symlinkSync(`../../${target}`, join(dev, 'serial', kind, name));
}

const UNO = { idVendor: '2341', idProduct: '0043', serial: '7583', manufacturer: 'Arduino', product: 'Uno' };

describe('the list of serial ports', () => {
  it('is empty where there is nothing to read', async () => {
    expect(await listSerialPorts({ dev: join(root, 'none'), sys: join(root, 'none') })).toEqual([]);
  });

  it('tells what USB says of a port, and its stable names', async () => {
    plugIn('ttyACM0', UNO);
    link('by-id', 'usb-Arduino_Uno_7583-if00', 'ttyACM0');
    link('by-path', 'pci-0000:00:14.0-usb-0:2:1.0', 'ttyACM0');
    expect(await listSerialPorts({ dev, sys })).toEqual([
      {
        path: join(dev, 'ttyACM0'),
        byId: join(dev, 'serial/by-id/usb-Arduino_Uno_7583-if00'),
        byPath: join(dev, 'serial/by-path/pci-0000:00:14.0-usb-0:2:1.0'),
        vendorId: '2341',
        productId: '0043',
        serialNumber: '7583',
        manufacturer: 'Arduino',
        product: 'Uno',
      },
    ]);
  });

  it('works without udev, and for boards without a serial number', async () => {
    plugIn('ttyUSB0', { idVendor: '1a86', idProduct: '7523' });
    expect(await listSerialPorts({ dev, sys })).toMatchObject([
      { path: join(dev, 'ttyUSB0'), byId: null, byPath: null, vendorId: '1a86', serialNumber: null },
    ]);
  });

  it('leaves out terminals and ports with nothing behind them', async () => {
    for (const name of ['tty0', 'ttyS0', 'console', 'ptmx']) mkdirSync(join(sys, 'class/tty', name));
    mkdirSync(join(sys, 'devices/platform/serial8250'), { recursive: true });
    symlinkSync(join(sys, 'devices/platform/serial8250'), join(sys, 'class/tty/ttyS0/device'));
    writeFileSync(join(sys, 'class/tty/ttyS0/type'), '0\n');
    expect(await listSerialPorts({ dev, sys })).toEqual([]);
  });

  it('shows a port of the board itself, which is no USB', async () => {
    mkdirSync(join(sys, 'devices/platform/uart0'), { recursive: true });
    mkdirSync(join(sys, 'class/tty/ttyAMA0'));
    symlinkSync(join(sys, 'devices/platform/uart0'), join(sys, 'class/tty/ttyAMA0/device'));
    expect(await listSerialPorts({ dev, sys })).toMatchObject([
      { path: join(dev, 'ttyAMA0'), vendorId: null },
    ]);
  });

  it('takes no control characters from what a device says of itself', async () => {
    plugIn('ttyUSB1', { ...UNO, product: `evil\u001b[2J${'x'.repeat(300)}` });
    const [port] = await listSerialPorts({ dev, sys });
    expect(port?.product).toMatch(/^evil\[2Jx+$/);
    expect(port?.product).toHaveLength(128);
  });

  it('sorts ttyUSB10 behind ttyUSB9', async () => {
    for (const name of ['ttyUSB10', 'ttyUSB9', 'ttyUSB1']) plugIn(name, UNO);
    const paths = (await listSerialPorts({ dev, sys })).map(({ path }) => path.slice(dev.length + 1));
    expect(paths).toEqual(['ttyUSB1', 'ttyUSB9', 'ttyUSB10']);
  });

  it('works on this machine, whatever it has', async () => {
    expect(await listSerialPorts()).toBeInstanceOf(Array);
  });
});

describe('the watch over serial ports', () => {
  it('tells when one comes and when it goes, and not of other files', async () => {
    let told = 0;
    const watch = new PortWatch({ dev, quietMs: 5, lookMs: 3_600_000 }, () => told++);
    watch.start();
    try {
      writeFileSync(join(dev, 'null2'), '');
      writeFileSync(join(dev, 'ttyUSB0'), '');
      await expect.poll(() => told).toBe(1);
      rmSync(join(dev, 'ttyUSB0'));
      await expect.poll(() => told).toBe(2);
    } finally {
      watch.stop();
    }
  });

  it('looks now and then where the system tells nothing, until it is stopped', () => {
    vi.useFakeTimers();
    try {
      let told = 0;
      const watch = new PortWatch({ dev: join(root, 'none'), lookMs: 5_000 }, () => told++);
      watch.start();
      vi.advanceTimersByTime(12_000);
      expect(told).toBe(2);
      watch.stop();
      vi.advanceTimersByTime(60_000);
      expect(told).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });
});
