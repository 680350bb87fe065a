import type { ErrorCode } from '../errors/index.ts';
import type { NodeId } from '../identity/index.ts';
import {
  addAddress,
  dialMs,
  isNamed,
  isWaiting,
  newTarget,
  noteLife,
  PRIORITY,
  retrySoon,
  type Target,
  waitBeforeNext,
} from './dial-target.ts';
import type { PeerInfo, PeerSource } from './overlay.ts';
import type { AddressBookRow } from './overlay-options.ts';

/** What the supervisor hears. Addresses are checked multiaddrs; `node` is the `/p2p/` part or `null`. */
export type SupervisorEvent =
  | {
      readonly kind: 'want';
      readonly address: string;
      readonly node: NodeId | null;
      readonly source: PeerSource;
    }
  | { readonly kind: 'unwant'; readonly node: NodeId }
  | { readonly kind: 'restored'; readonly row: AddressBookRow }
  | { readonly kind: 'dial-failed'; readonly target: number; readonly code: ErrorCode }
  | { readonly kind: 'dial-done'; readonly target: number; readonly node: NodeId; readonly address: string }
  | { readonly kind: 'connected'; readonly node: NodeId }
  | { readonly kind: 'ready'; readonly node: NodeId }
  | { readonly kind: 'disconnected'; readonly node: NodeId }
  | { readonly kind: 'latency'; readonly node: NodeId; readonly latencyMs: number }
  | { readonly kind: 'network-changed' }
  | { readonly kind: 'tick' };

/** What the service does about it. */
export type SupervisorEffect =
  | { readonly kind: 'dial'; readonly target: number; readonly address: string; readonly timeoutMs: number }
  | { readonly kind: 'hang-up'; readonly node: NodeId }
  | { readonly kind: 'remember'; readonly important: boolean };

/** Limits of {@link SupervisorState}. */
export interface SupervisorLimits {
  readonly self: NodeId;
  readonly discovery: boolean;
  readonly maxDiscoveredPeers: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Fastest that "another peer came up" may wake all the others. */
const WAKE_MS_MIN = 5_000;
/** Peers known at once; past it those that nobody named and that are down are forgotten, inbound ones first. */
const TARGETS_MAX = 1_024;
/** Failed dials after which a discovered peer makes room for another. */
const FAILURES_TO_GIVE_WAY = 5;

/**
 * Keeps wanted peers connected for ever: libp2p's own reconnect gives up after 31 s. Pure: events and the time
 * go in, effects come out. Given and invitation peers are dialed until the end of days, with a wait that stays
 * short, because the first successful dial after an outage decides when the mesh flows again.
 */
export class SupervisorState {
  readonly #limits: SupervisorLimits;
  readonly #targets = new Map<number, Target>();
  readonly #byNode = new Map<NodeId, Target>();
  #nextId = 1;
  #wokeMs = Number.NEGATIVE_INFINITY;

  constructor(limits: SupervisorLimits) {
    this.#limits = limits;
  }

  /** Takes one event; the effects are to be carried out in order. */
  handle(event: SupervisorEvent, nowMs: number): SupervisorEffect[] {
    const effects: SupervisorEffect[] = [];
    switch (event.kind) {
      case 'want':
        this.#want(event.address, event.node, event.source, nowMs, effects);
        break;
      case 'restored':
        this.#restore(event.row, nowMs);
        break;
      case 'unwant':
        this.#unwant(event.node, effects);
        break;
      case 'dial-failed':
        this.#dialFailed(event.target, event.code, nowMs);
        break;
      case 'dial-done':
        this.#dialDone(event, nowMs, effects);
        break;
      case 'connected':
        this.#connected(event.node, nowMs, effects);
        break;
      case 'ready':
        this.#ready(event.node, nowMs);
        break;
      case 'disconnected':
        this.#disconnected(event.node, nowMs);
        break;
      case 'latency':
        this.#latency(event.node, event.latencyMs);
        break;
      case 'network-changed':
        this.#wake(nowMs, null);
        break;
      case 'tick':
        break;
    }
    this.#dialDue(nowMs, effects);
    return effects;
  }

  /** When the next `tick` is needed; `null` if nothing waits for the time. */
  nextDueMs(): number | null {
    let next: number | null = null;
    for (const target of this.#targets.values()) {
      if (isWaiting(target) && (next === null || target.dueMs < next)) next = target.dueMs;
    }
    return next;
  }

  /** All known peers, for people. */
  peers(): PeerInfo[] {
    return [...this.#targets.values()].map((target) => ({
      node: target.node,
      addresses: [...target.addresses],
      source: target.source,
      connected: target.connected,
      latencyMs: target.connected ? target.latencyMs : null,
      sinceMs: target.sinceMs,
      failedDials: target.failedDials,
      lastError: target.lastError,
    }));
  }

  /** What is worth remembering between runs. */
  rows(): AddressBookRow[] {
    return [...this.#targets.values()]
      .filter((target) => target.addresses.length > 0 && target.source !== 'inbound')
      .map((target) => ({
        node: target.node,
        addresses: [...target.addresses],
        source: target.source,
        lastConnectedMs: target.lastConnectedMs,
      }));
  }

  #want(
    address: string,
    node: NodeId | null,
    source: PeerSource,
    nowMs: number,
    effects: SupervisorEffect[],
  ): void {
    if (node === this.#limits.self) return;
    const known = this.#find(address, node);
    if (known === undefined) {
      if (source === 'discovered' && !this.#makeRoom()) return;
      this.#add({ node, addresses: [address], source }, nowMs);
      effects.push({ kind: 'remember', important: source !== 'discovered' });
      return;
    }
    const isNewAddress = addAddress(known, address);
    const isRaised = PRIORITY[source] > PRIORITY[known.source];
    if (isRaised && source === 'discovered' && !this.#makeRoom()) return;
    if (isRaised) known.source = source;
    // A peer that announces itself is there, whatever became of the last dials.
    const isNews = isRaised || isNewAddress || source === 'discovered';
    if (isNews && !known.connected) retrySoon(known, nowMs, this.#limits.random);
    if (isRaised || isNewAddress) effects.push({ kind: 'remember', important: isRaised });
  }

  #restore(row: AddressBookRow, nowMs: number): void {
    if (row.node === this.#limits.self || row.addresses.length === 0) return;
    // Given peers are given anew with each start; what was given once is then no longer wanted by name.
    const source = row.source === 'given' ? 'discovered' : row.source;
    if (source === 'discovered' && (!this.#limits.discovery || !this.#makeRoom())) return;
    const known = this.#find(row.addresses[0]!, row.node);
    const target = known ?? this.#add({ node: row.node, addresses: [], source }, nowMs);
    for (const address of row.addresses) addAddress(target, address);
    target.lastConnectedMs ??= row.lastConnectedMs;
  }

  #unwant(node: NodeId, effects: SupervisorEffect[]): void {
    const target = this.#byNode.get(node);
    if (target !== undefined) this.#forget(target);
    effects.push({ kind: 'hang-up', node }, { kind: 'remember', important: true });
  }

  #dialFailed(id: number, code: ErrorCode, nowMs: number): void {
    const target = this.#targets.get(id);
    if (target === undefined) return;
    target.dialing = false;
    if (target.connected) return;
    target.shortLives = 0;
    target.failedDials++;
    target.lastError = code;
    // The next attempt takes the next address; the one that worked last comes first again after a connection.
    target.addresses.push(...target.addresses.splice(0, 1));
    waitBeforeNext(target, nowMs, this.#limits.random);
  }

  #dialDone(
    { target: id, node, address }: Extract<SupervisorEvent, { kind: 'dial-done' }>,
    nowMs: number,
    effects: SupervisorEffect[],
  ): void {
    const target = this.#targets.get(id);
    if (target === undefined) {
      // No longer wanted while it was being dialed.
      if (!this.#byNode.has(node)) effects.push({ kind: 'hang-up', node });
      return;
    }
    target.dialing = false;
    if (node === this.#limits.self) {
      this.#forget(target);
      return;
    }
    const owner =
      target.node === null || target.node === node
        ? this.#identify(target, node)
        : this.#moveAddress(target, node, address, nowMs);
    owner.addresses = [address, ...owner.addresses.filter((other) => other !== address)];
    // A peer that hung up before the dial was reported must not be dialed again in the same moment.
    if (!owner.connected && !owner.dialing) waitBeforeNext(owner, nowMs, this.#limits.random);
    effects.push({ kind: 'remember', important: false });
  }

  /** Another node answers where `target` was: the address is that one's now. */
  #moveAddress(target: Target, node: NodeId, address: string, nowMs: number): Target {
    target.addresses = target.addresses.filter((other) => other !== address);
    const owner = this.#byNode.get(node) ?? this.#add({ node, addresses: [], source: target.source }, nowMs);
    if (PRIORITY[target.source] > PRIORITY[owner.source]) owner.source = target.source;
    if (target.addresses.length === 0 && !target.connected) this.#forget(target);
    return owner;
  }

  #connected(node: NodeId, nowMs: number, effects: SupervisorEffect[]): void {
    const target = this.#byNode.get(node) ?? this.#add({ node, addresses: [], source: 'inbound' }, nowMs);
    if (target.connected) return;
    target.connected = true;
    target.sinceMs = nowMs;
    target.lastConnectedMs = nowMs;
    target.latencyMs = null;
    // What a peer that hangs up at once did wrong stays visible until it proves of use.
    target.attempts = Math.max(target.attempts, 1);
    effects.push({ kind: 'remember', important: false });
  }

  /** Only a peer that proved of use clears its waits: one that hangs up after each handshake must not. */
  #ready(node: NodeId, nowMs: number): void {
    const target = this.#byNode.get(node);
    if (target !== undefined) {
      target.attempts = 0;
      target.failedDials = 0;
      target.lastError = null;
    }
    if (nowMs - this.#wokeMs < WAKE_MS_MIN) return;
    this.#wokeMs = nowMs;
    this.#wake(nowMs, node);
  }

  #disconnected(node: NodeId, nowMs: number): void {
    const target = this.#byNode.get(node);
    if (target === undefined || !target.connected) return;
    target.connected = false;
    if (target.attempts === 0) {
      noteLife(target, nowMs);
      target.downSinceMs = nowMs;
    } else target.lastError = 'overlay.denied';
    target.sinceMs = nowMs;
    if (target.addresses.length === 0) this.#forget(target);
    else waitBeforeNext(target, nowMs, this.#limits.random);
  }

  #latency(node: NodeId, latencyMs: number): void {
    const target = this.#byNode.get(node);
    if (target !== undefined) target.latencyMs = latencyMs;
  }

  #wake(nowMs: number, except: NodeId | null): void {
    for (const target of this.#targets.values()) {
      if (target.node === except && except !== null) continue;
      if (!target.connected) retrySoon(target, nowMs, this.#limits.random);
    }
  }

  #dialDue(nowMs: number, effects: SupervisorEffect[]): void {
    for (const target of this.#targets.values()) {
      if (!isWaiting(target) || target.dueMs > nowMs) continue;
      target.dialing = true;
      effects.push({
        kind: 'dial',
        target: target.id,
        address: target.addresses[0]!,
        timeoutMs: dialMs(target),
      });
    }
  }

  #find(address: string, node: NodeId | null): Target | undefined {
    const byNode = node === null ? undefined : this.#byNode.get(node);
    if (byNode !== undefined) return byNode;
    for (const target of this.#targets.values()) {
      if (!target.addresses.includes(address)) continue;
      if (node === null || target.node === null || target.node === node) {
        return node === null ? target : this.#identify(target, node);
      }
    }
    return undefined;
  }

  /** An address turned out to be a node's: what was known under both becomes one. */
  #identify(target: Target, node: NodeId): Target {
    if (target.node === node) return target;
    const owner = this.#byNode.get(node);
    if (owner === undefined && target.node === null) {
      target.node = node;
      this.#byNode.set(node, target);
      return target;
    }
    if (owner === undefined) return target;
    for (const address of target.addresses) addAddress(owner, address);
    if (PRIORITY[target.source] > PRIORITY[owner.source]) owner.source = target.source;
    if (target.node === null) this.#forget(target);
    return owner;
  }

  #add(
    known: { readonly node: NodeId | null; readonly addresses: string[]; readonly source: PeerSource },
    nowMs: number,
  ): Target {
    if (this.#targets.size >= TARGETS_MAX) this.#forgetOne();
    const target = newTarget(this.#nextId++, known, nowMs);
    this.#targets.set(target.id, target);
    if (target.node !== null) this.#byNode.set(target.node, target);
    return target;
  }

  #forget(target: Target): void {
    this.#targets.delete(target.id);
    if (target.node !== null && this.#byNode.get(target.node) === target) this.#byNode.delete(target.node);
  }

  #forgetOne(): void {
    const down = [...this.#targets.values()].filter((target) => !target.connected && !isNamed(target.source));
    down.sort((a, b) => PRIORITY[a.source] - PRIORITY[b.source] || a.downSinceMs - b.downSinceMs);
    if (down[0] !== undefined) this.#forget(down[0]);
  }

  /** True if one more discovered peer may be wanted. */
  #makeRoom(): boolean {
    if (!this.#limits.discovery) return false;
    const discovered = [...this.#targets.values()].filter((target) => target.source === 'discovered');
    if (discovered.length < this.#limits.maxDiscoveredPeers) return true;
    const failing = discovered
      .filter((target) => !target.connected && target.failedDials >= FAILURES_TO_GIVE_WAY)
      .sort((a, b) => b.failedDials - a.failedDials)[0];
    if (failing === undefined) return false;
    this.#forget(failing);
    return true;
  }
}
