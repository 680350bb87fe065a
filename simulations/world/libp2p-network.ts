import {
  Counters,
  Libp2pOverlay,
  type Log,
  type NodeId,
  type OverlayOptions,
  silentLog,
} from '../../src/index.ts';
import { addressOf, type ByteHost, ByteNetwork } from './byte-network.ts';
import { ModelLink } from './model-link.ts';
import type {
  HostOverlayOptions,
  LinkSettings,
  LinkState,
  Traffic,
  TrafficByKind,
  VirtualNetwork,
} from './virtual-network.ts';

/** Options of {@link Libp2pNetwork}. */
export interface Libp2pNetworkOptions {
  readonly random: () => number;
  /** Both directions of every link until they are set. */
  readonly link?: Partial<LinkSettings>;
  /** State of links that were never set. @defaultValue `'down'` */
  readonly unset?: LinkState;
  /**
   * `plain` leaves out encryption, which costs time and changes nothing else; `noise` is as in the field.
   * @defaultValue `'plain'`
   */
  readonly security?: 'plain' | 'noise';
  /** Of all overlays. @defaultValue a log that writes nothing */
  readonly log?: Log;
}

interface Host {
  life: ByteHost | null;
  overlay: Libp2pOverlay | null;
}

/** Bytes by kind that one host sent to one other, as far as streams tell them apart. */
type SentByKind = Map<string, { packets: number; bytes: number }>;

/**
 * The real overlay, libp2p and gossipsub with all that sedge built around them, on a network in memory: the same links
 * as the model overlay has, under connections of bytes. Heartbeats, pings and handshakes are those of the field, so
 * virtual time costs something here even where nothing happens.
 */
export class Libp2pNetwork implements VirtualNetwork {
  readonly overlay = 'libp2p';
  readonly #options: Libp2pNetworkOptions;
  readonly #hosts = new Map<string, Host>();
  readonly #links = new Map<string, ModelLink>();
  /** By "from to". */
  readonly #sent = new Map<string, SentByKind>();
  readonly #hostOfNode = new Map<NodeId, string>();
  readonly #bytes: ByteNetwork;

  constructor(options: Libp2pNetworkOptions) {
    this.#options = options;
    this.#bytes = new ByteNetwork((from, to) => this.#link(from, to));
  }

  /** Connections that are not over at both ends. */
  get connections(): number {
    return this.#bytes.connections;
  }

  make(name: string, options: HostOverlayOptions & Pick<OverlayOptions, 'frameBytesMax'>): Libp2pOverlay {
    const { identity, anchor, admits, nowMs, random, frameBytesMax } = options;
    const host = this.#host(name);
    const life = this.#bytes.host(name);
    host.life = life;
    this.#hostOfNode.set(identity.nodeId, name);
    host.overlay = new Libp2pOverlay(
      {
        seed: identity.seed,
        networkSecret: anchor.networkSecret,
        realmId: anchor.id,
        listen: [life.address],
        mdns: false,
        // Who is connected to whom is the topology's to say.
        discovery: false,
        ...(frameBytesMax === undefined ? {} : { frameBytesMax }),
      },
      {
        log: this.#options.log ?? silentLog,
        counters: new Counters(),
        nowMs,
        random,
        admits,
        addressBook: { load: async () => [], save: async () => {} },
      },
      {
        host: life,
        security: this.#options.security ?? 'plain',
        onSent: (to, kind, bytes) => this.#count(name, to, kind, bytes),
      },
    );
    return host.overlay;
  }

  addressOf(host: string): string {
    return addressOf(host);
  }

  setLink(from: string, to: string, settings: Partial<LinkSettings>): void {
    const link = this.#link(from, to);
    link.settings = { ...link.settings, ...settings };
  }

  setState(from: string, to: string, state: LinkState): void {
    const there = this.#link(from, to);
    const back = this.#link(to, from);
    if (state === 'down' || back.state === 'down') back.state = state;
    there.state = state;
    if (state === 'down') this.#bytes.cut(from, to);
  }

  stateOf(from: string, to: string): LinkState {
    return this.#link(from, to).state;
  }

  kill(host: string, manner: 'reset' | 'silent'): void {
    this.#host(host).life?.crash(manner === 'reset' ? 'no-process' : 'no-power');
  }

  trafficOf(from: string, to: string): TrafficByKind {
    const key = `${from} ${to}`;
    return withRest(this.#links.get(key)?.traffic ?? {}, this.#sent.get(key) ?? new Map());
  }

  traffic(): TrafficByKind {
    const all = new Map<string, { packets: number; bytes: number }>();
    for (const link of this.#links.values()) link.addTrafficTo(all);
    const byKind: SentByKind = new Map();
    for (const sent of this.#sent.values()) for (const [kind, one] of sent) add(byKind, kind, one);
    return withRest(Object.fromEntries(all), byKind);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map(({ overlay }) => overlay?.stop()));
    this.#bytes.stop();
  }

  #host(name: string): Host {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const host = { life: null, overlay: null };
    this.#hosts.set(name, host);
    return host;
  }

  #link(from: string, to: string): ModelLink {
    const key = `${from} ${to}`;
    const known = this.#links.get(key);
    if (known !== undefined) return known;
    const link = new ModelLink(this.#options.random);
    link.settings = { ...link.settings, ...this.#options.link };
    link.state = this.#options.unset ?? 'down';
    this.#links.set(key, link);
    return link;
  }

  /** Where two hosts have one key, the bytes to that key count as sent to the host that started last. */
  #count(from: string, to: NodeId, kind: string, bytes: number): void {
    const key = `${from} ${this.#hostOfNode.get(to)}`;
    const sent = this.#sent.get(key) ?? new Map();
    this.#sent.set(key, sent);
    add(sent, kind, { packets: 1, bytes });
  }
}

function add(sent: SentByKind, kind: string, { packets, bytes }: Traffic): void {
  const known = sent.get(kind);
  if (known === undefined) {
    sent.set(kind, { packets, bytes });
    return;
  }
  known.packets += packets;
  known.bytes += bytes;
}

/** What no stream accounts for is the connections' own: handshakes, identify, the multiplexer's frames and pings. */
function withRest(onLinks: TrafficByKind, byKind: SentByKind): TrafficByKind {
  const total = onLinks.connection ?? { packets: 0, bytes: 0 };
  const known = [...byKind.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  const rest = { packets: total.packets, bytes: Math.max(0, total.bytes - known) };
  const kinds = [...byKind].map(([kind, sent]): [string, Traffic] => [kind, { ...sent }]);
  return { ...Object.fromEntries(kinds), connection: rest };
}
