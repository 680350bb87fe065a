import type { VirtualSocket, VirtualSocketEvents } from '../../src/index.ts';
import { ModelFlow, type ModelLink } from './model-link.ts';

/** Bytes under way or unread at which a sender is asked to wait: what kernels buffer at both ends together. */
const WINDOW_BYTES = 512 * 1024;

/** Most that leaves as one packet where a link has a rate: a large one would keep others waiting and look like silence. */
const PACKET_BYTES_MAX = 4 * 1024;

/** What a host is to its connections. */
export interface ConnectionHost {
  readonly name: string;
  readonly address: string;
}

/** What a {@link ByteConnection} needs from its network. */
export interface ConnectionPlace {
  readonly linkOf: (from: string, to: string) => ModelLink;
  /** True if a machine of that name has power: then it answers for connections that it does not know. */
  readonly answers: (name: string) => boolean;
  /** Nothing is at either end any more. */
  readonly onOver: () => void;
}

/** One way of a connection. */
interface Way {
  readonly link: ModelLink;
  readonly remoteAddress: string;
  readonly answers: () => boolean;
  readonly onClosed: () => void;
}

type Arrival = { readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'end' | 'reset' };

/** A connection between two hosts: two ends, each with what is on its way to it. */
export class ByteConnection {
  readonly #hosts: readonly [ConnectionHost, ConnectionHost];
  readonly sockets: readonly [ByteSocket, ByteSocket];

  constructor(hosts: readonly [ConnectionHost, ConnectionHost], place: ConnectionPlace) {
    this.#hosts = hosts;
    const onClosed = () => {
      if (near.isClosed && far.isClosed) place.onOver();
    };
    const [a, b] = hosts;
    const way = (from: ConnectionHost, to: ConnectionHost): Way => ({
      link: place.linkOf(from.name, to.name),
      remoteAddress: to.address,
      answers: () => place.answers(from.name),
      onClosed,
    });
    const near = new ByteSocket(way(a, b));
    const far = new ByteSocket(way(b, a));
    near.meet(far);
    far.meet(near);
    this.sockets = [near, far];
  }

  hasEndAt(host: ConnectionHost): boolean {
    return this.#hosts.includes(host);
  }

  isBetween(a: string, b: string): boolean {
    const [one, other] = this.#hosts;
    return (one.name === a && other.name === b) || (one.name === b && other.name === a);
  }

  /** Both ends know at once that it is over; what was under way is lost. */
  cut(): void {
    for (const socket of this.sockets) socket.fail();
  }

  /** The process at the host is gone; the other end is told if the machine still has power. */
  crash(host: ConnectionHost): void {
    for (const [index, socket] of this.sockets.entries()) if (this.#hosts[index] === host) socket.vanish();
  }
}

/** One end of a {@link ByteConnection}. */
export class ByteSocket implements VirtualSocket {
  readonly #way: Way;
  readonly #flow = new ModelFlow();
  #peer!: ByteSocket;
  #events: VirtualSocketEvents | null = null;
  #isClosed = false;
  /** Written in this turn, to leave as one packet. */
  #written: Uint8Array[] = [];
  /** Came while nobody read. */
  #unread: Arrival[] = [];
  #isPaused = false;
  /** Bytes that this end wrote and the other has not read. */
  #bytesUnread = 0;
  #needsDrain = false;

  constructor(way: Way) {
    this.#way = way;
  }

  meet(peer: ByteSocket): void {
    this.#peer = peer;
  }

  get remoteAddress(): string {
    return this.#way.remoteAddress;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  attach(events: VirtualSocketEvents): void {
    this.#events = events;
    this.#readOn();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isClosed) return true;
    // The sender may use its buffer again, and nodes of one process must not share memory.
    this.#written.push(Uint8Array.from(bytes));
    if (this.#written.length === 1) queueMicrotask(() => this.#flush());
    this.#bytesUnread += bytes.length;
    this.#needsDrain = this.#bytesUnread > WINDOW_BYTES;
    return !this.#needsDrain;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#readOn();
  }

  end(): void {
    if (this.#isClosed) return;
    this.#flush();
    this.#send({ kind: 'end' });
    this.#close();
  }

  reset(): void {
    if (this.#isClosed) return;
    this.#flush();
    this.#refuse();
    this.#close();
  }

  /** The process at this end is gone. */
  vanish(): void {
    if (!this.#isClosed) this.#refuse();
    this.fail();
  }

  /** This end is told that all is over. */
  fail(): void {
    this.#way.link.end(this.#flow);
    this.#peer.#unread = [];
    this.#tell('reset');
  }

  #flush(): void {
    const written = this.#written;
    if (written.length === 0) return;
    this.#written = [];
    const bytes = written.length === 1 ? written[0]! : Buffer.concat(written);
    const hasRate = this.#way.link.settings.bytesPerSecond < Number.POSITIVE_INFINITY;
    const step = hasRate ? PACKET_BYTES_MAX : bytes.length;
    for (let at = 0; at < bytes.length; at += step) {
      this.#send({ kind: 'bytes', bytes: bytes.subarray(at, at + step) });
    }
  }

  #send(arrival: Arrival): void {
    const bytes = arrival.kind === 'bytes' ? arrival.bytes.length : 0;
    this.#way.link.send(this.#flow, { kind: 'connection', bytes, arrive: () => this.#peer.#arrive(arrival) });
  }

  /** Says that the connection is over here. That is said once: a silent link swallows it for good. */
  #refuse(): void {
    const { link, answers } = this.#way;
    if (!answers() || link.state !== 'up') return;
    // A flow of its own, which outlives this end's.
    const arrive = () => this.#peer.#arrive({ kind: 'reset' });
    link.send(new ModelFlow(), { kind: 'connection', bytes: 0, arrive });
  }

  #arrive(arrival: Arrival): void {
    if (this.#isClosed) {
      if (arrival.kind === 'bytes') this.#refuse();
      return;
    }
    this.#unread.push(arrival);
    this.#readOn();
  }

  #readOn(): void {
    while (this.#events !== null && !this.#isPaused && this.#unread.length > 0) {
      const arrival = this.#unread.shift()!;
      if (arrival.kind !== 'bytes') {
        this.#tell(arrival.kind);
        return;
      }
      this.#peer.#wasRead(arrival.bytes.length);
      this.#events.onBytes(arrival.bytes);
    }
  }

  #wasRead(bytes: number): void {
    this.#bytesUnread -= bytes;
    if (!this.#needsDrain || this.#bytesUnread > WINDOW_BYTES / 2) return;
    this.#needsDrain = false;
    this.#events?.onDrain();
  }

  #tell(how: 'end' | 'reset'): void {
    if (this.#isClosed) return;
    this.#close();
    this.#events?.onClosed(how);
  }

  #close(): void {
    this.#isClosed = true;
    this.#unread = [];
    this.#way.onClosed();
  }
}
