export { listSerialPorts, type SerialPortInfo, type SystemDirectories } from './list-serial-ports.ts';
export { PortWatch, type PortWatchOptions } from './port-watch.ts';
