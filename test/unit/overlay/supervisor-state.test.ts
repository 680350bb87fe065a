import { beforeEach, describe, expect, it } from 'vitest';
import type { NodeId } from '../../../src/identity/index.ts';
import {
  type SupervisorEffect,
  type SupervisorEvent,
  SupervisorState,
} from '../../../src/overlay/supervisor-state.ts';

const SELF = 'self' as NodeId;
const B = 'node-b' as NodeId;
const C = 'node-c' as NodeId;
const ADDRESS = '/ip4/10.0.0.2/tcp/7600';
const OTHER = '/ip4/10.0.0.3/tcp/7600';
const DAY_MS = 86_400_000;

describe('the supervisor', () => {
  let state: SupervisorState;
  let nowMs: number;

  beforeEach(() => {
    state = make();
    nowMs = 1_000_000;
  });

  function make(options: { discovery?: boolean; maxDiscoveredPeers?: number } = {}): SupervisorState {
    return new SupervisorState({
      self: SELF,
      discovery: true,
      maxDiscoveredPeers: 2,
      random: () => 0.5,
      ...options,
    });
  }

  function tell(event: SupervisorEvent): SupervisorEffect[] {
    return state.handle(event, nowMs);
  }

  function dials(effects: SupervisorEffect[]): { target: number; address: string }[] {
    return effects.flatMap((effect) =>
      effect.kind === 'dial' ? [{ target: effect.target, address: effect.address }] : [],
    );
  }

  /** Lets the clock run to the next dial. */
  function nextDial(): { target: number; address: string; afterMs: number } {
    const dueMs = state.nextDueMs();
    if (dueMs === null) throw new Error('nothing is due');
    const afterMs = Math.max(0, dueMs - nowMs);
    nowMs += afterMs;
    const [dial] = dials(tell({ kind: 'tick' }));
    if (dial === undefined) throw new Error('nothing is dialed');
    return { ...dial, afterMs };
  }

  function want(address: string, node: NodeId | null = null, source: 'given' | 'discovered' = 'given') {
    return dials(tell({ kind: 'want', address, node, source }));
  }

  it('dials a given address at once, and once', () => {
    expect(want(ADDRESS)).toEqual([{ target: 1, address: ADDRESS }]);
    expect(want(ADDRESS)).toEqual([]);
    expect(state.peers()).toHaveLength(1);
  });

  it('never gives up on a given peer, and never waits longer than a second', () => {
    let [dial] = want(ADDRESS);
    const endMs = nowMs + 10 * DAY_MS;
    const waits: number[] = [];
    // A day in small steps is enough to see that nothing piles up; the rest is one long sleep.
    for (let index = 0; index < 5_000; index++) {
      tell({ kind: 'dial-failed', target: dial!.target, code: 'overlay.no-route' });
      const next = nextDial();
      waits.push(next.afterMs);
      dial = next;
    }
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_000);
    nowMs = endMs;
    tell({ kind: 'dial-failed', target: dial!.target, code: 'overlay.no-route' });
    expect(nextDial().afterMs).toBeLessThanOrEqual(1_000);
  });

  it('tries a given peer again within 250 ms in the first minute of an outage', () => {
    let [dial] = want(ADDRESS);
    const endMs = nowMs + 59_000;
    while (nowMs < endMs) {
      tell({ kind: 'dial-failed', target: dial!.target, code: 'overlay.no-route' });
      const next = nextDial();
      expect(next.afterMs).toBeLessThanOrEqual(250);
      dial = next;
    }
  });

  it('waits up to 30 s for a discovered peer', () => {
    let [dial] = want(ADDRESS, B, 'discovered');
    let longestMs = 0;
    for (let index = 0; index < 20; index++) {
      tell({ kind: 'dial-failed', target: dial!.target, code: 'overlay.no-route' });
      const next = nextDial();
      longestMs = Math.max(longestMs, next.afterMs);
      dial = next;
    }
    expect(longestMs).toBeGreaterThan(15_000);
    expect(longestMs).toBeLessThanOrEqual(30_000);
  });

  it('waits longer for a given peer that proved to be of another realm', () => {
    let [dial] = want(ADDRESS);
    for (let index = 0; index < 20; index++) {
      tell({ kind: 'dial-failed', target: dial!.target, code: 'overlay.wrong-network' });
      dial = nextDial();
    }
    tell({ kind: 'dial-failed', target: dial!.target, code: 'overlay.wrong-network' });
    expect(nextDial().afterMs).toBeGreaterThan(15_000);
    expect(state.peers()[0]).toMatchObject({ failedDials: 21, lastError: 'overlay.wrong-network' });
  });

  it('forgets its waits when the network changes', () => {
    let [dial] = want(ADDRESS, B, 'discovered');
    for (let index = 0; index < 10; index++) {
      tell({ kind: 'dial-failed', target: dial!.target, code: 'overlay.no-route' });
      dial = nextDial();
    }
    tell({ kind: 'dial-failed', target: dial!.target, code: 'overlay.no-route' });
    tell({ kind: 'network-changed' });
    expect(nextDial().afterMs).toBeLessThanOrEqual(100);
  });

  it('tries the others when one peer comes up, but not with every one', () => {
    let [dial] = want(ADDRESS, B, 'discovered');
    tell({ kind: 'connected', node: C });
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 10; index++) {
        tell({ kind: 'dial-failed', target: dial!.target, code: 'overlay.no-route' });
        dial = nextDial();
      }
      tell({ kind: 'dial-failed', target: dial!.target, code: 'overlay.no-route' });
      tell({ kind: 'ready', node: C });
      const next = nextDial();
      expect(next.afterMs).toBeLessThanOrEqual(100);
      dial = next;
      tell({ kind: 'dial-failed', target: dial!.target, code: 'overlay.no-route' });
      tell({ kind: 'ready', node: C });
      dial = nextDial();
    }
  });

  it('takes the next address of a peer after a failure, and the one that worked first', () => {
    const [first] = want(ADDRESS, B);
    want(OTHER, B);
    tell({ kind: 'dial-failed', target: first!.target, code: 'overlay.no-route' });
    const second = nextDial();
    tell({ kind: 'dial-failed', target: second.target, code: 'overlay.no-route' });
    const third = nextDial();
    expect(new Set([second.address, third.address])).toEqual(new Set([ADDRESS, OTHER]));
    tell({ kind: 'connected', node: B });
    tell({ kind: 'dial-done', target: third.target, node: B, address: third.address });
    expect(state.peers()[0]!.addresses[0]).toBe(third.address);
  });

  it('knows a peer that called and was wanted by address as one', () => {
    const [dial] = want(ADDRESS);
    tell({ kind: 'connected', node: B });
    tell({ kind: 'dial-done', target: dial!.target, node: B, address: ADDRESS });
    expect(state.peers()).toEqual([
      expect.objectContaining({ node: B, addresses: [ADDRESS], source: 'given', connected: true }),
    ]);
  });

  it('is patient with every fourth dial, for links with long round trips', () => {
    const timeouts: number[] = [];
    let effects = tell({ kind: 'want', address: ADDRESS, node: B, source: 'given' });
    for (let index = 0; index < 8; index++) {
      const dial = effects.find((effect) => effect.kind === 'dial')!;
      timeouts.push(dial.timeoutMs);
      tell({ kind: 'dial-failed', target: dial.target, code: 'overlay.no-route' });
      nowMs = state.nextDueMs()!;
      effects = tell({ kind: 'tick' });
    }
    expect(timeouts).toEqual([2_000, 2_000, 2_000, 8_000, 2_000, 2_000, 2_000, 8_000]);
  });

  it('dials a peer soon that announces itself after failures', () => {
    let [dial] = want(ADDRESS, B, 'discovered');
    for (let index = 0; index < 10; index++) {
      tell({ kind: 'dial-failed', target: dial!.target, code: 'overlay.no-route' });
      dial = nextDial();
    }
    tell({ kind: 'dial-failed', target: dial!.target, code: 'overlay.no-route' });
    want(ADDRESS, B, 'discovered');
    expect(nextDial().afterMs).toBeLessThanOrEqual(100);
  });

  it('gives an address to the node that answers there now', () => {
    const [dial] = want(ADDRESS);
    tell({ kind: 'connected', node: B });
    tell({ kind: 'dial-done', target: dial!.target, node: B, address: ADDRESS });
    tell({ kind: 'ready', node: B });
    tell({ kind: 'disconnected', node: B });
    const again = nextDial();
    tell({ kind: 'connected', node: C });
    tell({ kind: 'dial-done', target: again.target, node: C, address: ADDRESS });
    expect(state.peers()).toEqual([expect.objectContaining({ node: C, source: 'given', connected: true })]);
  });

  it('does not dial a connected peer, nor one that only called', () => {
    want(ADDRESS, B);
    tell({ kind: 'connected', node: B });
    tell({ kind: 'connected', node: C });
    tell({ kind: 'disconnected', node: C });
    expect(state.nextDueMs()).toBeNull();
    expect(state.peers().map((peer) => peer.node)).toEqual([B]);
  });

  it('does not dial a peer in a loop that hangs up after each handshake', () => {
    let [dial] = want(ADDRESS, B);
    let waits = 0;
    for (let index = 0; index < 50; index++) {
      tell({ kind: 'connected', node: B });
      tell({ kind: 'disconnected', node: B });
      tell({ kind: 'dial-done', target: dial!.target, node: B, address: ADDRESS });
      const next = nextDial();
      waits += next.afterMs;
      dial = next;
    }
    expect(waits).toBeGreaterThan(300_000);
    expect(state.peers()[0]!.lastError).toBe('overlay.denied');
  });

  it('dials again soon after a peer of use was lost', () => {
    const [dial] = want(ADDRESS, B);
    for (let round = 0; round < 10; round++) {
      tell({ kind: 'connected', node: B });
      tell({ kind: 'dial-done', target: dial!.target, node: B, address: ADDRESS });
      tell({ kind: 'ready', node: B });
      nowMs += 60_000;
      tell({ kind: 'disconnected', node: B });
      expect(nextDial().afterMs).toBeLessThanOrEqual(100);
    }
  });

  /** Connects, lives so long, and is lost; how long the next dial waits. */
  function live(ms: number): number {
    tell({ kind: 'connected', node: B });
    tell({ kind: 'dial-done', target: 1, node: B, address: ADDRESS });
    tell({ kind: 'ready', node: B });
    nowMs += ms;
    tell({ kind: 'disconnected', node: B });
    return nextDial().afterMs;
  }

  it('takes turns with another node of the same key that throws it out each time', () => {
    want(ADDRESS, B);
    const waits = Array.from({ length: 12 }, () => live(200));
    expect(Math.max(...waits.slice(0, 3))).toBeLessThanOrEqual(250);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(5_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_000);
    // One life of use, and it is a peer like any other.
    expect(live(60_000)).toBeLessThanOrEqual(250);
    expect(live(200)).toBeLessThanOrEqual(250);
  });

  it('dials a peer behind a link that comes and goes as soon as ever', () => {
    want(ADDRESS, B);
    for (let index = 0; index < 20; index++) {
      expect(live(1_000)).toBeLessThanOrEqual(250);
      tell({ kind: 'dial-failed', target: 1, code: 'overlay.no-route' });
      expect(nextDial().afterMs).toBeLessThanOrEqual(250);
    }
  });

  it('keeps no more discovered peers than it may, and lets a failing one make room', () => {
    const [b] = want(ADDRESS, B, 'discovered');
    want(OTHER, C, 'discovered');
    const d = 'node-d' as NodeId;
    expect(want('/ip4/10.0.0.4/tcp/1', d, 'discovered')).toEqual([]);
    tell({ kind: 'connected', node: C });
    let dial = b!;
    for (let index = 0; index < 6; index++) {
      tell({ kind: 'dial-failed', target: dial.target, code: 'overlay.no-route' });
      dial = nextDial();
    }
    tell({ kind: 'dial-failed', target: dial.target, code: 'overlay.no-route' });
    expect(want('/ip4/10.0.0.4/tcp/1', d, 'discovered')).toHaveLength(1);
    expect(state.peers().map((peer) => peer.node)).toEqual([C, d]);
  });

  it('takes no discovered peer without discovery, and all that are named', () => {
    state = make({ discovery: false });
    expect(want(ADDRESS, B, 'discovered')).toEqual([]);
    expect(want(ADDRESS, B)).toHaveLength(1);
  });

  it('takes up remembered peers, given ones as discovered', () => {
    const row = { node: B, addresses: [ADDRESS], lastConnectedMs: 5 };
    expect(dials(tell({ kind: 'restored', row: { ...row, source: 'given' } }))).toHaveLength(1);
    expect(state.peers()[0]!.source).toBe('discovered');
    state = make({ discovery: false });
    expect(dials(tell({ kind: 'restored', row: { ...row, source: 'given' } }))).toEqual([]);
    expect(dials(tell({ kind: 'restored', row: { ...row, source: 'invitation' } }))).toHaveLength(1);
    expect(state.rows()).toEqual([{ ...row, source: 'invitation' }]);
  });

  it('forgets a peer that is not wanted, also while it is being dialed', () => {
    const [dial] = want(ADDRESS, B);
    expect(tell({ kind: 'unwant', node: B })).toContainEqual({ kind: 'hang-up', node: B });
    const effects = tell({ kind: 'dial-done', target: dial!.target, node: B, address: ADDRESS });
    expect(effects).toContainEqual({ kind: 'hang-up', node: B });
    expect(state.peers()).toEqual([]);
    expect(state.nextDueMs()).toBeNull();
  });

  it('forgets an address that is its own', () => {
    const [dial] = want(ADDRESS);
    tell({ kind: 'dial-done', target: dial!.target, node: SELF, address: ADDRESS });
    expect(state.peers()).toEqual([]);
  });

  it('bounds what it knows, and keeps those that somebody named', () => {
    want(ADDRESS, B);
    tell({ kind: 'dial-failed', target: 1, code: 'overlay.no-route' });
    for (let index = 0; index < 3_000; index++) {
      tell({ kind: 'connected', node: `caller-${index}` as NodeId });
      if (index % 2 === 0) tell({ kind: 'disconnected', node: `caller-${index}` as NodeId });
    }
    expect(state.peers().length).toBeLessThanOrEqual(1_600);
    expect(state.peers().some((peer) => peer.node === B)).toBe(true);
  });
});
