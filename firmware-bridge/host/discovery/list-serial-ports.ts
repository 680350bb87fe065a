import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** A serial port of this machine, as the system describes it. */
export interface SerialPortInfo {
  /** The device file, such as `/dev/ttyUSB0`. Which board has it may change with each plugging in. */
  readonly path: string;
  /** Stable name by what was plugged in (`/dev/serial/by-id/...`); boards without a serial number share one. */
  readonly byId: string | null;
  /** Stable name by where it was plugged in (`/dev/serial/by-path/...`). */
  readonly byPath: string | null;
  /** USB ids, four hex digits each; `null` for a port that is not USB. */
  readonly vendorId: string | null;
  readonly productId: string | null;
  readonly serialNumber: string | null;
  readonly manufacturer: string | null;
  readonly product: string | null;
}

/** Where the system keeps its devices; tests bring their own. */
export interface SystemDirectories {
  /** @defaultValue `/dev` */
  readonly dev?: string;
  /** @defaultValue `/sys` */
  readonly sys?: string;
}

/** More names than any machine has; what is beyond is left out. */
const PORTS_MAX = 512;
/** From the interface of a USB device up to the device are one or two steps; a hub is further. */
const STEPS_UP_MAX = 4;
/** Names of terminals, which have no line behind them. */
const TERMINAL = /^(tty\d*|ptmx|console|pts|ttyprintk)$/;

/**
 * The serial ports of this machine with a device behind them, sorted by path. Reads `/sys` and the links of udev
 * where there are any, and runs no program: where udev is missing the stable names are `null`, and that is all.
 * Other systems than Linux give what the bindings list, or nothing.
 */
export async function listSerialPorts(system: SystemDirectories = {}): Promise<SerialPortInfo[]> {
  const { dev = '/dev', sys = '/sys' } = system;
  if (process.platform !== 'linux' && system.sys === undefined) return listByBindings();
  const [names, byId, byPath] = await Promise.all([
    namesIn(join(sys, 'class/tty')),
    linksIn(join(dev, 'serial/by-id')),
    linksIn(join(dev, 'serial/by-path')),
  ]);
  const linked = [...byId.keys(), ...byPath.keys()].map((path) => basename(path));
  const present = new Set([...names, ...linked].slice(0, PORTS_MAX));
  const ports = await Promise.all(
    [...present].map(async (name) => {
      const path = join(dev, name);
      const usb = await usbFactsOf(join(sys, 'class/tty', name));
      if (usb === null && !byId.has(path) && !byPath.has(path)) return [];
      return [{ path, byId: byId.get(path) ?? null, byPath: byPath.get(path) ?? null, ...(usb ?? NO_USB) }];
    }),
  );
  return ports.flat().sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
}

type UsbFacts = Omit<SerialPortInfo, 'path' | 'byId' | 'byPath'>;

const NO_USB: UsbFacts = Object.freeze({
  vendorId: null,
  productId: null,
  serialNumber: null,
  manufacturer: null,
  product: null,
});

/** What the USB device behind a tty says of itself; all `null` for other hardware, `null` for none. */
async function usbFactsOf(tty: string): Promise<UsbFacts | null> {
  let directory = await realpath(join(tty, 'device')).catch(() => null);
  if (directory === null || TERMINAL.test(basename(tty))) return null;
  // The kernel makes ttyS0 to ttyS3 for ports that a PC might have; type 0 is one that it has not.
  if ((await textOf(join(tty, 'type'))) === '0') return null;
  for (let step = 0; step < STEPS_UP_MAX; step++) {
    const vendorId = await textOf(join(directory, 'idVendor'));
    if (vendorId !== null) {
      const [productId, serialNumber, manufacturer, product] = await Promise.all(
        ['idProduct', 'serial', 'manufacturer', 'product'].map((name) => textOf(join(directory!, name))),
      );
      return {
        vendorId,
        productId: productId ?? null,
        serialNumber: serialNumber ?? null,
        manufacturer: manufacturer ?? null,
        product: product ?? null,
      };
    }
    directory = dirname(directory);
  }
  return NO_USB;
}

/** A line of a sysfs file. A device writes it, so it is cut and holds no control characters afterwards. */
async function textOf(path: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const clean = text
    .replace(/\p{Cc}/gu, '')
    .trim()
    .slice(0, 128);
  return clean === '' ? null : clean;
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}

/** Links of a directory by what they point to. */
async function linksIn(directory: string): Promise<Map<string, string>> {
  const links = new Map<string, string>();
  for (const name of (await namesIn(directory)).sort().slice(0, PORTS_MAX)) {
    const link = join(directory, name);
    const target = await readlink(link).catch(() => null);
    // The kernel's name follows where two links lead to one port: the shorter one is older and known to people.
    if (target !== null) links.set(resolve(directory, target), links.get(resolve(directory, target)) ?? link);
  }
  return links;
}

async function listByBindings(): Promise<SerialPortInfo[]> {
  try {
    const { autoDetect } = await import('@serialport/bindings-cpp');
    const ports = await autoDetect().list();
    return ports.slice(0, PORTS_MAX).map(({ path, vendorId, productId, serialNumber, manufacturer }) => ({
      ...NO_USB,
      path,
      byId: null,
      byPath: null,
      vendorId: vendorId ?? null,
      productId: productId ?? null,
      serialNumber: serialNumber ?? null,
      manufacturer: manufacturer ?? null,
    }));
  } catch {
    return [];
  }
}
