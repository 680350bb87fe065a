/** One delivery on its way out. */
export interface OutItem<M> {
  readonly message: M;
  readonly bytes: number;
  /** 0 before it was sent. */
  packetId: number;
  /** `released`: PUBREC came, and PUBREL is what is sent again. */
  stage: 'waiting' | 'sent' | 'released' | 'done';
}

const PACKET_ID_MAX = 65_535;

/** Deliveries in their order, from when they were taken until all before them and they are done. */
export class OutFlightState<M> {
  #items: OutItem<M>[] = [];
  readonly #byPacketId = new Map<number, OutItem<M>>();
  #lastPacketId: number;
  #bytes = 0;

  /** `lastPacketId`: the next one is given first. */
  constructor(lastPacketId = 0) {
    this.#lastPacketId = lastPacketId;
  }

  get size(): number {
    return this.#items.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Sent, and not answered. */
  get flying(): number {
    return this.#byPacketId.size;
  }

  /** Adds a delivery; one with nothing to send is done at once. */
  add(message: M, bytes: number, nothingToSend: boolean): void {
    this.#items.push({ message, bytes, packetId: 0, stage: nothingToSend ? 'done' : 'waiting' });
    this.#bytes += bytes;
  }

  /** Gives the next waiting ones a packet id, as long as at most `window` are unanswered. */
  takeToSend(window: number): OutItem<M>[] {
    const taken: OutItem<M>[] = [];
    for (const item of this.#items) {
      if (this.#byPacketId.size >= window) break;
      if (item.stage !== 'waiting') continue;
      item.packetId = this.#freePacketId();
      item.stage = 'sent';
      this.#byPacketId.set(item.packetId, item);
      taken.push(item);
    }
    return taken;
  }

  /** What was sent and not answered, in its order, for a connection that takes the session up again. */
  unanswered(): OutItem<M>[] {
    return this.#items.filter(({ stage }) => stage === 'sent' || stage === 'released');
  }

  /** The broker knows nothing of what was sent: all that is unanswered waits again. */
  forgetSent(): void {
    for (const item of this.unanswered()) {
      item.stage = 'waiting';
      item.packetId = 0;
    }
    this.#byPacketId.clear();
  }

  /** PUBREC. Returns whether that packet was on its way. */
  received(packetId: number): boolean {
    const item = this.#byPacketId.get(packetId);
    if (item === undefined) return false;
    item.stage = 'released';
    return true;
  }

  /** PUBACK, PUBCOMP, or a refusal for good. `null` for a packet that was not on its way. */
  answered(packetId: number): OutItem<M> | null {
    const item = this.#byPacketId.get(packetId);
    if (item === undefined) return null;
    this.#byPacketId.delete(packetId);
    item.stage = 'done';
    return item;
  }

  /** One that cannot be sent at all is done. */
  drop(item: OutItem<M>): void {
    this.#byPacketId.delete(item.packetId);
    item.stage = 'done';
  }

  /** What waits and went out by another node is done. */
  settle(isCovered: (message: M) => boolean): number {
    let settled = 0;
    for (const item of this.#items) {
      if (item.stage !== 'waiting' || !isCovered(item.message)) continue;
      item.stage = 'done';
      settled++;
    }
    return settled;
  }

  /** Takes out those at the head that are done. */
  takeDone(): M[] {
    const first = this.#items.findIndex(({ stage }) => stage !== 'done');
    const done = this.#items.splice(0, first === -1 ? this.#items.length : first);
    for (const { bytes } of done) this.#bytes -= bytes;
    return done.map(({ message }) => message);
  }

  #freePacketId(): number {
    do this.#lastPacketId = (this.#lastPacketId % PACKET_ID_MAX) + 1;
    while (this.#byPacketId.has(this.#lastPacketId));
    return this.#lastPacketId;
  }
}
