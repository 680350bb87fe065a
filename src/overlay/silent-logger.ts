import type { ComponentLogger, Logger } from '@libp2p/interface';

const silent: Logger = Object.assign(() => {}, {
  trace: () => {},
  error: () => {},
  enabled: false,
  newScope: () => silent,
});

/**
 * libp2p's log, switched off: what matters is logged by the overlay. Its own logger keeps a scope for each
 * stream and formats nothing, but costs time and memory with each frame.
 */
export const silentLogger: ComponentLogger = Object.freeze({ forComponent: () => silent });
