/** A message on its way to a client with QoS 1 or 2. */
export interface OutboundFlow<M> {
  readonly packetId: number;
  readonly qos: 1 | 2;
  readonly message: M;
  /** The PUBREC came: only PUBREL is sent again. */
  released: boolean;
}

/** What an acknowledgement means. */
export type Acknowledged<M> =
  /** The flow has ended. */
  | { readonly is: 'done'; readonly message: M }
  /** PUBREL is to be sent. */
  | { readonly is: 'release' }
  /** Nothing waits for it. */
  | { readonly is: 'unknown' }
  /** It belongs to another quality of service or another step. */
  | { readonly is: 'wrong-flow' };

const PACKET_ID_MAX = 65_535;
const UNKNOWN = Object.freeze({ is: 'unknown' });
const WRONG_FLOW = Object.freeze({ is: 'wrong-flow' });
const RELEASE = Object.freeze({ is: 'release' });

/** What was sent to a client with QoS 1 and 2 and not acknowledged to its end (section 4.3). Pure. */
export class OutboundState<M> {
  readonly #flows = new Map<number, OutboundFlow<M>>();
  #lastId = 0;
  #window = 1;

  /** A connection begins: so many flows may be open on it. */
  connect(window: number): void {
    this.#window = window;
  }

  get size(): number {
    return this.#flows.size;
  }

  /** How many more may be sent. */
  get room(): number {
    return this.#window - this.#flows.size;
  }

  /** Opens a flow and gives it a packet id. */
  send(message: M, qos: 1 | 2): number {
    do this.#lastId = (this.#lastId % PACKET_ID_MAX) + 1;
    while (this.#flows.has(this.#lastId));
    this.#flows.set(this.#lastId, { packetId: this.#lastId, qos, message, released: false });
    return this.#lastId;
  }

  puback(packetId: number): Acknowledged<M> {
    const flow = this.#flows.get(packetId);
    if (flow === undefined) return UNKNOWN;
    return flow.qos === 1 ? this.#end(flow) : WRONG_FLOW;
  }

  /** `refused`: the client says with a reason that it does not take it, which ends the flow. */
  pubrec(packetId: number, refused: boolean): Acknowledged<M> {
    const flow = this.#flows.get(packetId);
    if (flow === undefined) return UNKNOWN;
    if (flow.qos !== 2) return WRONG_FLOW;
    if (refused) return this.#end(flow);
    flow.released = true;
    return RELEASE;
  }

  pubcomp(packetId: number): Acknowledged<M> {
    const flow = this.#flows.get(packetId);
    if (flow === undefined) return UNKNOWN;
    return flow.qos === 2 && flow.released ? this.#end(flow) : WRONG_FLOW;
  }

  /** All open flows in the order in which they began: what a client that comes back is sent again. */
  open(): IterableIterator<OutboundFlow<M>> {
    return this.#flows.values();
  }

  #end(flow: OutboundFlow<M>): Acknowledged<M> {
    this.#flows.delete(flow.packetId);
    return { is: 'done', message: flow.message };
  }
}
