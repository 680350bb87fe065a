import {
  LINK_DEFAULTS,
  type LinkSettings,
  type LinkState,
  type Traffic,
  type TrafficByKind,
} from './virtual-network.ts';

/** A packet on its way. */
interface Packet {
  readonly flow: ModelFlow;
  readonly bytes: number;
  readonly arrive: () => void;
}

/** What is sent over a link in one direction by one sender: a stream, or all gossip of a connection. */
export class ModelFlow {
  /** Bytes that have not left yet. */
  queuedBytes = 0;
  readonly queue: Packet[] = [];
  ended = false;
}

/**
 * A link in one direction. Bytes leave at its rate, flows in turn, a packet at a time, and arrive in the order in which
 * they left. While it is silent nothing leaves: as over TCP, what is lost is sent again, so a stream that lives on
 * lost nothing.
 */
export class ModelLink {
  settings: LinkSettings = LINK_DEFAULTS;
  readonly #random: () => number;
  #state: LinkState = 'down';
  /** Flows with something to send, the next one first. */
  readonly #waiting: ModelFlow[] = [];
  #sending = false;
  /** On the wire, in order of arrival. */
  #flying: Packet[] = [];
  #flyingAt = 0;
  #lastArrivalMs = 0;
  readonly #traffic = new Map<string, { packets: number; bytes: number }>();

  constructor(random: () => number) {
    this.#random = random;
  }

  get state(): LinkState {
    return this.#state;
  }

  set state(state: LinkState) {
    this.#state = state;
    if (state === 'up') this.#pump();
  }

  /** What was sent so far. */
  get traffic(): TrafficByKind {
    return Object.fromEntries(
      [...this.#traffic].map(([kind, sent]): [string, Traffic] => [kind, { ...sent }]),
    );
  }

  /** Adds what was sent so far to totals. */
  addTrafficTo(totals: Map<string, { packets: number; bytes: number }>): void {
    for (const [kind, { packets, bytes }] of this.#traffic) addTo(totals, kind, packets, bytes);
  }

  /** Puts a packet in line. `arrive` runs at the other end, unless the flow ended before. */
  send(
    flow: ModelFlow,
    packet: { readonly kind: string; readonly bytes: number; readonly arrive: () => void },
  ): void {
    if (flow.ended) return;
    const { kind, bytes, arrive } = packet;
    addTo(this.#traffic, kind, 1, bytes);
    const queued = { flow, bytes, arrive };
    if (
      this.#state === 'up' &&
      this.settings.bytesPerSecond === Number.POSITIVE_INFINITY &&
      !this.#isQueued()
    ) {
      this.#fly(queued);
      return;
    }
    flow.queuedBytes += bytes;
    if (flow.queue.push(queued) === 1) this.#waiting.push(flow);
    this.#pump();
  }

  /** What the flow has in line or on the wire never arrives. */
  end(flow: ModelFlow): void {
    flow.ended = true;
    flow.queue.length = 0;
    flow.queuedBytes = 0;
    const at = this.#waiting.indexOf(flow);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  #isQueued(): boolean {
    return this.#sending || this.#waiting.length > 0;
  }

  #pump(): void {
    while (!this.#sending && this.#state === 'up') {
      const flow = this.#waiting.shift();
      if (flow === undefined) return;
      const packet = flow.queue.shift()!;
      if (flow.queue.length > 0) this.#waiting.push(flow);
      const ms = (packet.bytes / this.settings.bytesPerSecond) * 1_000;
      if (ms === 0) this.#left(packet);
      else {
        this.#sending = true;
        setTimeout(() => {
          this.#sending = false;
          this.#left(packet);
          this.#pump();
        }, ms);
      }
    }
  }

  #left(packet: Packet): void {
    packet.flow.queuedBytes = Math.max(0, packet.flow.queuedBytes - packet.bytes);
    this.#fly(packet);
  }

  /** One timer a packet, but the packet that arrives is always the oldest: rounding must not turn the order. */
  #fly(packet: Packet): void {
    const { latencyMs, jitterMs } = this.settings;
    const nowMs = performance.now();
    const arrivalMs = Math.max(
      this.#lastArrivalMs,
      nowMs + latencyMs + (jitterMs > 0 ? jitterMs * this.#random() : 0),
    );
    this.#lastArrivalMs = arrivalMs;
    this.#flying.push(packet);
    if (arrivalMs > nowMs) setTimeout(this.#arrive, arrivalMs - nowMs);
    else setImmediate(this.#arrive);
  }

  readonly #arrive = (): void => {
    const packet = this.#flying[this.#flyingAt++];
    if (this.#flyingAt === this.#flying.length) {
      this.#flying = [];
      this.#flyingAt = 0;
    } else if (this.#flyingAt >= 1_024) {
      this.#flying = this.#flying.slice(this.#flyingAt);
      this.#flyingAt = 0;
    }
    if (packet !== undefined && !packet.flow.ended) packet.arrive();
  };
}

function addTo(
  totals: Map<string, { packets: number; bytes: number }>,
  kind: string,
  packets: number,
  bytes: number,
): void {
  const total = totals.get(kind);
  if (total === undefined) totals.set(kind, { packets, bytes });
  else {
    total.packets += packets;
    total.bytes += bytes;
  }
}
