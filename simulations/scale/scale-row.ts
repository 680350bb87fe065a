/** What is measured. */
export interface ScaleSetting {
  readonly overlay: 'model' | 'libp2p';
  readonly nodes: number;
  readonly seed: number;
  /** Nodes that publish; the others listen and carry. */
  readonly publishers: number;
  /** Messages of the measured minute and later, one a second. */
  readonly messages: number;
  /** Messages that a node misses while it is cut off, ten a second. */
  readonly missed: number;
}

/** Figures of one mesh. Traffic is what is sent, in bytes above TCP. */
export interface ScaleRow extends ScaleSetting {
  readonly linksPerNode: number;
  /** Deliveries to others than the publisher, and those that did not come. */
  readonly deliveries: number;
  readonly undelivered: number;
  readonly gossipBytesPerMessagePerNode: number;
  /** From publishing to each application that subscribed. */
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
  /** Sync with all peers while nothing is published. */
  readonly syncBytesPerNodePerMinute: number;
  /** Heartbeats, pings and the multiplexer while nothing is published; the model has none. */
  readonly connectionBytesPerNodePerMinute: number;
  /** For one author more, its grants and its first message: sent, and kept in memory. */
  readonly introductionBytesPerNode: number;
  readonly authorMemoryBytesPerNode: number;
  /** Both ways, from the return of a node that was cut off until it has what it missed. */
  readonly catchUpBytesPerMessage: number;
  readonly catchUpMs: number;
  /** Heap and buffers. */
  readonly memoryBytesPerNode: number;
  readonly virtualSeconds: number;
  /** Of processor time: the wall clock says more about what else the machine does. */
  readonly cpuSeconds: number;
}
