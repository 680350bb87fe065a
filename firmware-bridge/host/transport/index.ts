export { makeTransport } from './make-transport.ts';
export { MemoryTransport } from './memory-transport.ts';
export {
  BAUD_RATE,
  formatPortAddress,
  PORT_RULE,
  type PortAddress,
  parsePortAddress,
} from './port-address.ts';
export type { Transport, TransportListener } from './transport.ts';
