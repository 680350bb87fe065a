import type { MultiaddrConnection } from '@libp2p/interface';
import { AbstractMultiaddrConnection, type AbstractMultiaddrConnectionInit } from '@libp2p/utils';
import { multiaddr } from '@multiformats/multiaddr';
import type { VirtualSocket } from './virtual-host.ts';

type Sent = ReturnType<AbstractMultiaddrConnection['sendData']>;
type Bytes = Parameters<AbstractMultiaddrConnection['sendData']>[0];

/** A {@link VirtualSocket} as libp2p sees a connection. */
class VirtualConnection extends AbstractMultiaddrConnection {
  readonly #socket: VirtualSocket;

  constructor(socket: VirtualSocket, init: Pick<AbstractMultiaddrConnectionInit, 'direction' | 'log'>) {
    super({ ...init, remoteAddr: multiaddr(socket.remoteAddress), inactivityTimeout: 0 });
    this.#socket = socket;
    socket.attach({
      onBytes: (bytes) => this.onData(bytes),
      onDrain: () => this.safeDispatchEvent('drain'),
      onClosed: (how) => {
        if (how === 'end') this.onTransportClosed();
        else this.onRemoteReset();
      },
    });
  }

  override sendData(data: Bytes): Sent {
    let canSendMore = true;
    // All of it: a socket takes what it is given, and says afterwards that it is full.
    for (const bytes of data) canSendMore = this.#socket.write(bytes);
    return { sentBytes: data.byteLength, canSendMore };
  }

  override async sendClose(): Promise<void> {
    this.#socket.end();
  }

  override sendReset(): void {
    this.#socket.reset();
  }

  override sendPause(): void {
    this.#socket.pause();
  }

  override sendResume(): void {
    this.#socket.resume();
  }
}

/** Wraps a socket for libp2p's upgrader. */
export function virtualConnection(
  socket: VirtualSocket,
  init: Pick<AbstractMultiaddrConnectionInit, 'direction' | 'log'>,
): MultiaddrConnection {
  return new VirtualConnection(socket, init);
}
