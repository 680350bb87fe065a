import type { NodeId, PeerSource } from '../../src/index.ts';
import { ModelFlow, type ModelLink } from './model-link.ts';
import type { ModelNetwork } from './model-network.ts';
import type { ModelOverlay } from './model-overlay.ts';
import type { ModelStream } from './model-stream.ts';

/** One overlay's end of a connection. Each end learns by itself that the connection is gone. */
export class ModelConnectionEnd {
  readonly network: ModelNetwork;
  readonly overlay: ModelOverlay;
  /** The node at the other end. */
  readonly peer: NodeId;
  readonly source: PeerSource;
  readonly sinceMs: number;
  /** To the other end. */
  readonly link: ModelLink;
  readonly gossip = new ModelFlow();
  readonly streams = new Set<ModelStream>();
  isOpen = true;
  /** The application was told that the peer is up. */
  announced = false;
  far!: ModelConnectionEnd;
  #suspicion: NodeJS.Timeout | null = null;

  private constructor(overlay: ModelOverlay, peer: ModelOverlay, source: PeerSource) {
    this.network = overlay.network;
    this.overlay = overlay;
    this.peer = peer.self;
    this.source = source;
    this.sinceMs = Date.now();
    this.link = this.network.linkOf(overlay.host, peer.host);
  }

  /** Both ends of a new connection. */
  static pair(
    dialer: ModelOverlay,
    peer: ModelOverlay,
    source: PeerSource,
  ): [ModelConnectionEnd, ModelConnectionEnd] {
    const near = new ModelConnectionEnd(dialer, peer, source);
    const far = new ModelConnectionEnd(peer, dialer, 'inbound');
    near.far = far;
    far.far = near;
    return [near, far];
  }

  /** Nothing comes back: after a while the end is given up, unless that changes. */
  suspect(): void {
    if (this.#suspicion !== null || !this.isOpen) return;
    const ms = this.network.detectMs * (0.75 + 0.5 * this.network.random());
    this.#suspicion = setTimeout(() => {
      this.#suspicion = null;
      this.overlay.drop(this);
    }, ms);
  }

  /** Packets come back again. */
  trust(): void {
    if (this.#suspicion !== null) clearTimeout(this.#suspicion);
    this.#suspicion = null;
  }

  /** Ends this end. The other one is told where packets still reach it. */
  close({ tell }: { readonly tell: boolean }): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.trust();
    this.link.end(this.gossip);
    for (const stream of [...this.streams]) stream.fail();
    if (!tell) return;
    const { far } = this;
    this.link.send(new ModelFlow(), { kind: 'connection', bytes: 0, arrive: () => far.overlay.drop(far) });
  }
}
