/** Where and how a node of the benchmark opens. */
export interface EndpointOptions {
  /** Its directory; gossipsub keeps nothing and needs none. */
  readonly directory: string;
  /** Multiaddrs of the only peers. */
  readonly peers: readonly string[];
  /** Groups the writes to disk; the library's default if it is not given. */
  readonly commitIntervalMs?: number;
  /** For clients of MQTT: the broker's port, and how many of them there are. */
  readonly broker?: { readonly port: number; readonly clients: number };
}

/** Acknowledgements that are measured; `replica` is that of one other node. */
export type BenchAck = 'accepted' | 'durable' | 'replica';

/** What a workload needs of the thing it measures: one publisher or subscriber inside a process of its own. */
export interface Endpoint {
  /** Multiaddrs that the other node dials; empty for a client of an agent. */
  addresses(): readonly string[];
  /**
   * Sends one message; resolves at the acknowledgement that was asked for, where there is one. Messages with
   * different `ttlSeconds` do not share an entry.
   */
  publish(payload: Uint8Array, ack: BenchAck, ttlSeconds?: number): Promise<unknown>;
  /** Payloads as they come, in batches; ends when the endpoint closes. */
  subscribe(order: 'author' | 'arrival'): Promise<AsyncIterable<readonly Uint8Array[]>>;
  /** True when what is published now reaches a subscriber at a peer. */
  isConnected(): Promise<boolean>;
  /** Messages on the node's disk; `null` where nothing is kept. */
  stored(): Promise<number | null>;
  close(): Promise<void>;
}

/** Topic of all messages of the benchmark. */
export const BENCH_TOPIC = 'bench/readings';
