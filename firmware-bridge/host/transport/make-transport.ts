import type { PortAddress } from './port-address.ts';
import { SerialTransport } from './serial-transport.ts';
import { TcpTransport } from './tcp-transport.ts';
import type { Transport } from './transport.ts';

/** The transport that reaches an address; not open yet. `auto` is no address of one port. */
export function makeTransport(address: Exclude<PortAddress, { readonly kind: 'auto' }>): Transport {
  return address.kind === 'tcp' ? new TcpTransport(address) : new SerialTransport(address);
}
