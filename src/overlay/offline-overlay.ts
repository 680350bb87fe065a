import { SedgeError } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import type { Overlay, OverlayStream, PeerInfo } from './overlay.ts';

/** No network at all: for work on a node's directory while no agent runs, such as filling a stick. */
export class OfflineOverlay implements Overlay {
  readonly self: NodeId;

  constructor(self: NodeId) {
    this.self = self;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  addresses(): readonly string[] {
    return [];
  }

  want(): void {}

  unwant(): void {}

  peers(): readonly PeerInfo[] {
    return [];
  }

  onPeer(): () => void {
    return () => {};
  }

  join(): void {}

  /** There is no member that could be over its mark. */
  publish(): boolean {
    return true;
  }

  onSkipped(): () => void {
    return () => {};
  }

  handle(): void {}

  open(node: NodeId): Promise<OverlayStream> {
    return Promise.reject(new SedgeError('overlay.no-route', { node }));
  }
}
