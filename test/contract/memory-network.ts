import { type FrameInTransit, ModelNetwork } from '../../simulations/world/model-network.ts';
import type { ModelOverlay } from '../../simulations/world/model-overlay.ts';
import type { NodeId } from '../../src/identity/index.ts';

/** A node of a {@link MemoryNetwork}. */
export type MemoryOverlay = ModelOverlay;

/**
 * The model network for tests on real time: every host reaches every other at once, links can be cut, gossip can be
 * lost, frames can be counted and streams cut at any of them.
 */
export class MemoryNetwork {
  /** Loses a gossip message on one link where it returns `false`. */
  passGossip: (from: NodeId, to: NodeId, data: Uint8Array) => boolean = () => true;
  /** Sees every frame of every stream before it arrives; `false` cuts the stream there. */
  passFrame: (transit: FrameInTransit) => boolean = () => true;
  /** Frames that leave and never arrive, as of a peer that hangs. */
  holdFrame: (transit: FrameInTransit) => boolean = () => false;
  /** Frames and bytes of streams by protocol. */
  readonly traffic = new Map<string, { frames: number; bytes: number }>();
  readonly #overlays: ModelOverlay[] = [];
  #hosts = 0;
  readonly #model = new ModelNetwork({
    random: Math.random,
    link: { latencyMs: 0 },
    unset: 'up',
    redialMs: { first: 20, most: 20 },
    tap: {
      onGossip: (from, to, data) => this.passGossip(from, to, data),
      onFrame: (transit) => this.#onFrame(transit),
    },
  });

  /** Makes an overlay that is not started. `listen`: where another one, that has ended, had listened. */
  make(
    self: NodeId,
    options: { listen?: string; admits?: (node: NodeId) => boolean; frameBytesMax?: number } = {},
  ): MemoryOverlay {
    const { listen, ...rest } = options;
    const host = listen === undefined ? `host ${++this.#hosts}` : this.#model.hostAt(listen)!;
    const overlay = this.#model.makeFor(host, self, rest);
    this.#overlays.push(overlay);
    return overlay;
  }

  /** Cuts the link between two nodes, and every stream on it, until `heal`. */
  cut(a: MemoryOverlay, b: MemoryOverlay): void {
    this.#model.setState(a.host, b.host, 'down');
  }

  heal(a: MemoryOverlay, b: MemoryOverlay): void {
    this.#model.setState(a.host, b.host, 'up');
  }

  /** Frames of a protocol so far. */
  frames(protocol: string): number {
    return this.traffic.get(protocol)?.frames ?? 0;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#overlays.map((overlay) => overlay.stop()));
  }

  #onFrame(transit: FrameInTransit): 'pass' | 'cut' | 'hold' {
    const { protocol, frame } = transit;
    const traffic = this.traffic.get(protocol) ?? { frames: 0, bytes: 0 };
    this.traffic.set(protocol, traffic);
    traffic.frames++;
    traffic.bytes += frame.length;
    if (!this.passFrame(transit)) return 'cut';
    return this.holdFrame(transit) ? 'hold' : 'pass';
  }
}
