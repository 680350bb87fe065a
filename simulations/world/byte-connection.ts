import type { VirtualSocket, VirtualSocketEvents } from '../../src/index.ts';
import type { LinkConditions } from './link-conditions.ts';

/** Bytes under way or unread at which a sender is asked to wait: what kernels buffer at both ends together. */
const WINDOW_BYTES = 512 * 1024;

/** Timers count in whole milliseconds, and clocks in fractions that do not add up. */
const CLOCK_GRAIN_MS = 0.001;

/** What a host is to its connections. */
export interface ConnectionHost {
  readonly name: string;
  readonly state: 'up' | 'no-process' | 'no-power';
}

/** What a {@link ByteConnection} needs from its network. */
export interface ConnectionPlace {
  /** Nothing is at either end any more. */
  readonly onOver: () => void;
  /** True if a machine of that name has power: then it answers for connections that it does not know. */
  readonly answers: (name: string) => boolean;
}

/** One way of a connection. */
interface Way {
  readonly from: string;
  readonly to: string;
  readonly onClosed: () => void;
  readonly answers: () => boolean;
}

type Segment =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly dueMs: number }
  | { readonly kind: 'end' | 'reset'; readonly dueMs: number };

type Unsent = { readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'end' | 'reset' };

/** A connection between two hosts: two ends, each with what is on its way to it. */
export class ByteConnection {
  readonly #hosts: readonly [ConnectionHost, ConnectionHost];
  readonly sockets: readonly [ByteSocket, ByteSocket];

  constructor(
    conditions: LinkConditions,
    hosts: readonly [ConnectionHost, ConnectionHost],
    place: ConnectionPlace,
  ) {
    this.#hosts = hosts;
    const [a, b] = hosts.map(({ name }) => name) as [string, string];
    const onClosed = () => {
      if (!near.isClosed || !far.isClosed) return;
      near.forget();
      far.forget();
      place.onOver();
    };
    const near = new ByteSocket(conditions, { from: a, to: b, onClosed, answers: () => place.answers(a) });
    const far = new ByteSocket(conditions, { from: b, to: a, onClosed, answers: () => place.answers(b) });
    near.meet(far);
    far.meet(near);
    this.sockets = [near, far];
  }

  hasEndAt(host: ConnectionHost): boolean {
    return this.#hosts.includes(host);
  }

  isBetween(a: string, b: string): boolean {
    const names = this.#hosts.map(({ name }) => name);
    return names.includes(a) && names.includes(b);
  }

  /** The link is another one than before: what waited for it goes, or all is over. */
  linkChanged(): void {
    if (this.sockets.some((socket) => socket.isCut)) this.cut();
    else for (const socket of this.sockets) socket.sendHeld();
  }

  /** Both ends know at once that it is over; what was under way is lost. */
  cut(): void {
    for (const socket of this.sockets) socket.fail();
  }

  /** The end at the host is gone; the other one is told if the machine still has power. */
  crash(host: ConnectionHost): void {
    for (const [index, socket] of this.sockets.entries()) if (this.#hosts[index] === host) socket.vanish();
  }
}

/** One end of a {@link ByteConnection}. */
export class ByteSocket implements VirtualSocket {
  readonly #conditions: LinkConditions;
  readonly #way: Way;
  #peer!: ByteSocket;
  #events: VirtualSocketEvents | null = null;
  #isClosed = false;
  /** Why it closed, until there is somebody to tell. */
  #closedHow: 'end' | 'reset' | null = null;
  #paused = false;
  /** What is on its way to this end, in order. */
  #arriving: Segment[] = [];
  #timer: NodeJS.Timeout | null = null;
  /** What a black hole holds back from the other end. */
  #held: Unsent[] = [];
  /** Bytes that this end wrote and the other has not read. */
  #unreadBytes = 0;
  #needsDrain = false;
  #lastDueMs = 0;

  constructor(conditions: LinkConditions, way: Way) {
    this.#conditions = conditions;
    this.#way = way;
  }

  meet(peer: ByteSocket): void {
    this.#peer = peer;
  }

  get remoteAddress(): string {
    return `/memory/${this.#way.to}`;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** True if the way out is cut. */
  get isCut(): boolean {
    return this.#conditions.state(this.#way.from, this.#way.to) === 'cut';
  }

  attach(events: VirtualSocketEvents): void {
    this.#events = events;
    this.#deliver();
    if (this.#closedHow !== null) events.onClosed(this.#closedHow);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isClosed) return true;
    this.#unreadBytes += bytes.length;
    // The sender may use its buffer again, and nodes of one process must not share memory.
    this.#send({ kind: 'bytes', bytes: Uint8Array.from(bytes) });
    this.#needsDrain = this.#unreadBytes > WINDOW_BYTES;
    return !this.#needsDrain;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  end(): void {
    if (this.#isClosed) return;
    this.#send({ kind: 'end' });
    this.#close();
  }

  reset(): void {
    if (this.#isClosed) return;
    this.#refuse();
    this.#held = [];
    this.#close();
  }

  /** The process at this end is gone. */
  vanish(): void {
    if (!this.#isClosed) this.#refuse();
    this.fail();
  }

  /** This end is told that all is over. */
  fail(): void {
    this.#arriving = [];
    this.#held = [];
    this.#tell('reset');
  }

  /** Sends what a black hole held back. */
  sendHeld(): void {
    for (const segment of this.#held.splice(0)) this.#send(segment);
  }

  #send(segment: Unsent): void {
    const { from, to } = this.#way;
    if (this.#held.length > 0 || this.#conditions.state(from, to) !== 'open') {
      this.#held.push(segment);
      return;
    }
    const bytes = segment.kind === 'bytes' ? segment.bytes.length : 0;
    // Jitter delays; it does not overtake.
    const dueMs = performance.now() + this.#conditions.send(from, to, bytes);
    this.#lastDueMs = Math.max(this.#lastDueMs, dueMs);
    this.#peer.#arrives({ ...segment, dueMs: this.#lastDueMs });
  }

  /** Both ends are gone: nothing arrives any more. */
  forget(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#arriving = [];
    this.#held = [];
  }

  /** Says that the connection is over here; a black hole swallows that for good. */
  #refuse(): void {
    const { from, to, answers } = this.#way;
    if (answers() && this.#conditions.state(from, to) === 'open') this.#send({ kind: 'reset' });
  }

  #arrives(segment: Segment): void {
    this.#arriving.push(segment);
    this.#arm();
  }

  #arm(): void {
    const [first] = this.#arriving;
    if (this.#timer !== null || first === undefined) return;
    const waitMs = Math.max(0, Math.ceil(first.dueMs - performance.now() - CLOCK_GRAIN_MS));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#deliver();
      if (this.#canDeliver()) this.#arm();
    }, waitMs);
  }

  #canDeliver(): boolean {
    return this.#isClosed || (this.#events !== null && !this.#paused);
  }

  /** Hands out all that is due: the bytes of one moment in one piece. */
  #deliver(): void {
    const pieces: Uint8Array[] = [];
    let last: 'end' | 'reset' | null = null;
    while (this.#canDeliver() && last === null) {
      const [first] = this.#arriving;
      if (first === undefined || first.dueMs > performance.now() + CLOCK_GRAIN_MS) break;
      this.#arriving.shift();
      if (first.kind === 'bytes') pieces.push(first.bytes);
      else last = first.kind;
    }
    if (pieces.length > 0) this.#read(pieces);
    if (last !== null) this.#tell(last);
    if (this.#canDeliver()) this.#arm();
  }

  #read(pieces: readonly Uint8Array[]): void {
    if (this.#isClosed) {
      this.#refuse();
      return;
    }
    const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    this.#peer.#wasRead(bytes.length);
    this.#events?.onBytes(bytes);
  }

  #wasRead(bytes: number): void {
    this.#unreadBytes -= bytes;
    if (!this.#needsDrain || this.#unreadBytes > WINDOW_BYTES / 2) return;
    this.#needsDrain = false;
    this.#events?.onDrain();
  }

  #tell(how: 'end' | 'reset'): void {
    if (this.#isClosed) return;
    this.#closedHow = how;
    this.#close();
    this.#events?.onClosed(how);
  }

  #close(): void {
    this.#isClosed = true;
    this.#way.onClosed();
  }
}
