import {
  type ComponentLogger,
  type Connection,
  type CreateListenerOptions,
  type DialTransportOptions,
  type Listener,
  type ListenerEvents,
  serviceCapabilities,
  type Transport,
  TypedEventEmitter,
  transportSymbol,
} from '@libp2p/interface';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { virtualConnection } from './virtual-connection.ts';
import type { VirtualHost, VirtualSocket } from './virtual-host.ts';

interface Components {
  readonly logger: ComponentLogger;
}

/** libp2p's transport on a network in memory: addresses are `/memory/<name>`, sockets are the host's. */
export function virtualTransport(host: VirtualHost): (components: Components) => Transport {
  return ({ logger }) => ({
    [transportSymbol]: true,
    [Symbol.toStringTag]: 'sedge-virtual-transport',
    [serviceCapabilities]: ['@libp2p/transport'],
    createListener: (options) => new VirtualListener(host, logger, options),
    dial: (address, options) => dial(host, logger, address, options),
    listenFilter: (addresses) => addresses.filter(isMemory),
    dialFilter: (addresses) => addresses.filter(isMemory),
  });
}

async function dial(
  host: VirtualHost,
  logger: ComponentLogger,
  address: Multiaddr,
  options: DialTransportOptions,
): Promise<Connection> {
  const socket = await host.connect(hostOf(address), options.signal);
  const connection = virtualConnection(socket, {
    direction: 'outbound',
    log: logger.forComponent('sedge:virtual'),
  });
  // The upgrader compares the key that is proven with the one that was dialed.
  connection.remoteAddr = address;
  try {
    return await options.upgrader.upgradeOutbound(connection, options);
  } catch (error) {
    connection.abort(error as Error);
    throw error;
  }
}

class VirtualListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #host: VirtualHost;
  readonly #logger: ComponentLogger;
  readonly #options: CreateListenerOptions;
  readonly #closing = new AbortController();
  #unlisten: (() => void) | null = null;

  constructor(host: VirtualHost, logger: ComponentLogger, options: CreateListenerOptions) {
    super();
    this.#host = host;
    this.#logger = logger;
    this.#options = options;
  }

  async listen(): Promise<void> {
    this.#unlisten = this.#host.listen((socket) => void this.#upgrade(socket));
    this.safeDispatchEvent('listening');
  }

  async close(): Promise<void> {
    if (this.#unlisten === null) return;
    this.#unlisten();
    this.#unlisten = null;
    this.#closing.abort();
    this.safeDispatchEvent('close');
  }

  getAddrs(): Multiaddr[] {
    return this.#unlisten === null ? [] : [multiaddr(this.#host.address)];
  }

  updateAnnounceAddrs(): void {}

  async #upgrade(socket: VirtualSocket): Promise<void> {
    const connection = virtualConnection(socket, {
      direction: 'inbound',
      log: this.#logger.forComponent('sedge:virtual'),
    });
    try {
      await this.#options.upgrader.upgradeInbound(connection, { signal: this.#closing.signal });
    } catch (error) {
      connection.abort(error as Error);
    }
  }
}

function isMemory(address: Multiaddr): boolean {
  return address.getComponents()[0]?.name === 'memory';
}

function hostOf(address: Multiaddr): string {
  return `/memory/${address.getComponents()[0]?.value}`;
}
