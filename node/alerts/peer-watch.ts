import type { PeerStatus } from '../../src/index.ts';
import type { Observation } from './alerts-state.ts';

/** A peer that was connected once: its silence means something. */
export interface KnownPeer {
  readonly node: string;
  readonly name: string;
  /** When it was last connected, ms since 1970. */
  readonly heardAtMs: number;
}

/** What one look at the peers found. */
export interface PeerLook {
  readonly observations: readonly Observation[];
  /** Somebody was met, or forgotten: to be saved. */
  readonly changed: boolean;
}

/** Peers that are remembered; those heard last stay. */
const PEERS_MAX = 256;
/** One that is not there for so long is forgotten: it was taken away, and nobody revoked it. */
const FORGOTTEN_MS = 30 * 86_400_000;
/** After the start peers need a while to be reached; what is not known yet stays as it was. */
const SETTLING_MS = 60_000;
/** `heardAtMs` is brought up to date this often: it serves to forget after weeks. */
const NOTED_MS = 86_400_000;

/** Which peers are silent, of all that were ever connected. Remembers them over a restart, when no peer is known yet. */
export class PeerWatch {
  readonly #known = new Map<string, KnownPeer>();
  readonly #startedMs: number;
  readonly #metSince = new Set<string>();

  constructor(kept: readonly KnownPeer[], nowMs: number) {
    this.#startedMs = nowMs;
    for (const peer of kept.slice(0, PEERS_MAX)) this.#known.set(peer.node, peer);
  }

  get kept(): readonly KnownPeer[] {
    return [...this.#known.values()];
  }

  /** `isRevoked` is asked only for those that are not there. */
  look(
    peers: readonly PeerStatus[],
    {
      nowMs,
      atMs,
      isRevoked,
    }: { readonly nowMs: number; readonly atMs: number; readonly isRevoked: (node: string) => boolean },
  ): PeerLook {
    let changed = false;
    const there = new Set<string>();
    for (const { node, name, connected, health } of peers) {
      if (node === null || !connected) continue;
      changed = this.#meet({ node, name, heardAtMs: atMs }) || changed;
      if (health === 'ok') there.add(node);
    }
    for (const { node, heardAtMs } of this.#known.values()) {
      if (there.has(node)) continue;
      if (Math.abs(atMs - heardAtMs) > FORGOTTEN_MS || isRevoked(node)) changed = this.#known.delete(node);
    }
    const settling = nowMs - this.#startedMs < SETTLING_MS;
    const observations = [...this.#known.values()].flatMap(({ node, name }) => {
      const active = !there.has(node);
      if (active && settling && !this.#metSince.has(node)) return [];
      return { subject: name || node, value: null, active };
    });
    return { observations, changed };
  }

  /** True while a peer that is not heard may just not have been reached yet. */
  isSettling(nowMs: number): boolean {
    return nowMs - this.#startedMs < SETTLING_MS;
  }

  #meet(peer: KnownPeer): boolean {
    this.#metSince.add(peer.node);
    const before = this.#known.get(peer.node);
    if (before !== undefined && before.name === peer.name && peer.heardAtMs - before.heardAtMs < NOTED_MS)
      return false;
    if (before === undefined && this.#known.size >= PEERS_MAX) {
      const [oldest] = [...this.#known.values()].sort((a, b) => a.heardAtMs - b.heardAtMs);
      this.#known.delete(oldest!.node);
    }
    this.#known.set(peer.node, peer);
    return true;
  }
}
