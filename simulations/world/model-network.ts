import type { NodeId } from '../../src/index.ts';
import { GossipPackets } from './gossip-packets.ts';
import { ModelLink } from './model-link.ts';
import { ModelOverlay } from './model-overlay.ts';
import type {
  HostOverlayOptions,
  LinkSettings,
  LinkState,
  TrafficByKind,
  VirtualNetwork,
} from './virtual-network.ts';

/** A frame of a stream on its way. */
export interface FrameInTransit {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly protocol: string;
  readonly frame: Uint8Array;
}

/** What a test does to single frames and messages. */
export interface NetworkTap {
  /** Sees every frame of every stream as it is sent: `cut` ends the stream there, `hold` makes the frame never arrive. */
  readonly onFrame?: (transit: FrameInTransit) => 'pass' | 'cut' | 'hold';
  /** Loses a gossip message on one link where it returns `false`. */
  readonly onGossip?: (from: NodeId, to: NodeId, data: Uint8Array) => boolean;
}

/** Options of {@link ModelNetwork}. */
export interface ModelNetworkOptions {
  readonly random: () => number;
  /** Both directions of every link until they are set. */
  readonly link?: Partial<LinkSettings>;
  /** State of links that were never set. @defaultValue `'down'` */
  readonly unset?: LinkState;
  /** How long a link may be silent before its ends give up their connections; varied by a quarter. @defaultValue 10,000 */
  readonly detectMs?: number;
  /** First and longest wait before a failed dial is repeated, milliseconds, as the real supervisor has them. */
  readonly redialMs?: { readonly first: number; readonly most: number };
  readonly tap?: NetworkTap;
}

/** One host: where it listens and what runs there. */
interface Host {
  readonly name: string;
  readonly address: string;
  overlay: ModelOverlay | null;
}

/**
 * The model overlay's network: links and hosts in one process, flooding and streams without heartbeats, so that an idle
 * link costs nothing and weeks pass in seconds. What it draws from `random` is all its chance. It uses the global
 * timers, so it runs on virtual time where a clock is installed, and on real time elsewhere.
 */
export class ModelNetwork implements VirtualNetwork {
  readonly overlay = 'model';
  readonly random: () => number;
  readonly detectMs: number;
  readonly redialMs: { readonly first: number; readonly most: number };
  readonly packets = new GossipPackets();
  tap: NetworkTap;
  readonly #link: Partial<LinkSettings>;
  readonly #unset: LinkState;
  readonly #hosts = new Map<string, Host>();
  readonly #byAddress = new Map<string, Host>();
  readonly #links = new Map<string, ModelLink>();
  /** Who wants what answers at an address. */
  readonly #wishers = new Map<string, Set<ModelOverlay>>();
  #overlays = 0;

  constructor(options: ModelNetworkOptions) {
    this.random = options.random;
    this.#link = options.link ?? {};
    this.#unset = options.unset ?? 'down';
    this.detectMs = options.detectMs ?? 10_000;
    this.redialMs = options.redialMs ?? { first: 100, most: 1_000 };
    this.tap = options.tap ?? {};
  }

  make(
    host: string,
    options: Pick<HostOverlayOptions, 'identity' | 'admits'> & { readonly frameBytesMax?: number },
  ): ModelOverlay {
    return this.makeFor(host, options.identity.nodeId, options);
  }

  /** As {@link ModelNetwork.make}, for tests that have an id and no key. */
  makeFor(
    name: string,
    self: NodeId,
    options: { readonly admits?: (node: NodeId) => boolean; readonly frameBytesMax?: number } = {},
  ): ModelOverlay {
    const host = this.#host(name);
    host.overlay = new ModelOverlay(this, self, {
      ...options,
      host: name,
      address: host.address,
      number: this.#overlays++,
    });
    return host.overlay;
  }

  addressOf(host: string): string {
    return this.#host(host).address;
  }

  setLink(from: string, to: string, settings: Partial<LinkSettings>): void {
    const link = this.linkOf(from, to);
    link.settings = { ...link.settings, ...settings };
  }

  setState(from: string, to: string, state: LinkState): void {
    const there = this.linkOf(from, to);
    const back = this.linkOf(to, from);
    const before = [there.state, back.state];
    if (state !== 'down' && back.state === 'down') back.state = state;
    there.state = state;
    if (state === 'down') back.state = state;
    if (there.state === before[0] && back.state === before[1]) return;
    const a = this.#host(from).overlay;
    const b = this.#host(to).overlay;
    if (state === 'down') {
      a?.cutOff(to);
      b?.cutOff(from);
    } else if (there.state === 'up' && back.state === 'up') {
      a?.reachable(to);
      b?.reachable(from);
    } else {
      a?.suspect(to);
      b?.suspect(from);
    }
  }

  stateOf(from: string, to: string): LinkState {
    return this.linkOf(from, to).state;
  }

  kill(host: string, manner: 'reset' | 'silent'): void {
    this.#host(host).overlay?.die(manner);
  }

  trafficOf(from: string, to: string): TrafficByKind {
    return this.linkOf(from, to).traffic;
  }

  traffic(): TrafficByKind {
    const totals = new Map<string, { packets: number; bytes: number }>();
    for (const link of this.#links.values()) link.addTrafficTo(totals);
    return Object.fromEntries(totals);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map(({ overlay }) => overlay?.stop()));
  }

  // ---- for the overlays --------------------------------------------------------------------------------------

  /** The link in one direction. */
  linkOf(from: string, to: string): ModelLink {
    const key = `${from} ${to}`;
    const known = this.#links.get(key);
    if (known !== undefined) return known;
    const link = new ModelLink(this.random);
    link.settings = { ...link.settings, ...this.#link };
    link.state = this.#unset;
    this.#links.set(key, link);
    return link;
  }

  /** Name of the host with an address; `null` if there is none. */
  hostAt(address: string): string | null {
    return this.#byAddress.get(address)?.name ?? null;
  }

  /** What answers at an address; `null` if nothing does. */
  at(address: string): ModelOverlay | null {
    const overlay = this.#byAddress.get(address)?.overlay ?? null;
    return overlay?.running === true ? overlay : null;
  }

  /** True while packets pass both ways. */
  isOpen(a: string, b: string): boolean {
    return this.linkOf(a, b).state === 'up' && this.linkOf(b, a).state === 'up';
  }

  /** A host answers from now on: whoever waits for it may dial. */
  listens(host: string): void {
    for (const overlay of this.#wishers.get(this.#host(host).address) ?? []) {
      if (overlay.running && this.isOpen(overlay.host, host)) overlay.reachable(host);
    }
  }

  /** An overlay wants what answers at an address. */
  noteWish(address: string, overlay: ModelOverlay): void {
    const wishers = this.#wishers.get(address) ?? new Set();
    this.#wishers.set(address, wishers);
    wishers.add(overlay);
  }

  /** An overlay ended. */
  forget(overlay: ModelOverlay): void {
    for (const wishers of this.#wishers.values()) wishers.delete(overlay);
  }

  #host(name: string): Host {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const number = this.#hosts.size + 1;
    const ip = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
    const host = { name, address: `/ip4/${ip}/tcp/4001`, overlay: null };
    this.#hosts.set(name, host);
    this.#byAddress.set(host.address, host);
    return host;
  }
}
