import { describe, expect, it } from 'vitest';
import { formatPortAddress, parsePortAddress } from '../../../firmware-bridge/host/transport/index.ts';

describe('the text of a port', () => {
  it.each([
    ['/dev/ttyUSB0', { kind: 'serial', path: '/dev/ttyUSB0', baudRate: 115_200 }],
    ['/dev/ttyACM1:9600', { kind: 'serial', path: '/dev/ttyACM1', baudRate: 9_600 }],
    ['COM3:250000', { kind: 'serial', path: 'COM3', baudRate: 250_000 }],
    ['tcp://192.168.1.7:2000', { kind: 'tcp', host: '192.168.1.7', port: 2_000 }],
    ['tcp://esp-link.local:23', { kind: 'tcp', host: 'esp-link.local', port: 23 }],
    ['tcp://[fd00::7]:23', { kind: 'tcp', host: 'fd00::7', port: 23 }],
    ['auto', { kind: 'auto', baudRate: 115_200 }],
    ['auto:57600', { kind: 'auto', baudRate: 57_600 }],
  ])('%s is read and written back', (text, address) => {
    expect(parsePortAddress(text)).toEqual(address);
    expect(formatPortAddress(parsePortAddress(text))).toBe(text);
  });

  it.each([
    '/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0',
    '/dev/serial/by-path/platform-3f980000.usb-usb-0:1.2:1.0',
    '/dev/serial/by-path/platform-xhci-usb-0:2',
    '/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0',
  ])('%s keeps its colons', (path) => {
    expect(parsePortAddress(path)).toEqual({ kind: 'serial', path, baudRate: 115_200 });
    expect(parsePortAddress(`${path}:38400`)).toEqual({ kind: 'serial', path, baudRate: 38_400 });
  });

  it.each([
    '',
    'ttyUSB0',
    '/dev/ttyUSB0:200',
    '/dev/ttyUSB0:9999999',
    '/dev/tty\0:9600',
    'tcp://host',
    'tcp://host:0',
    'tcp://host:65536',
    'tcp://ho st:23',
    'tcp://fd00::7:23',
    'udp://host:23',
  ])('%j is refused', (text) => {
    expect(() => parsePortAddress(text)).toThrowError(expect.objectContaining({ code: 'serial.bad-port' }));
  });
});
