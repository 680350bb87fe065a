import { statfs } from 'node:fs/promises';
import type { PortStatus } from '../../firmware-bridge/host/index.ts';
import { assertNever } from '../../src/errors/index.ts';
import type { PeerStatus } from '../../src/index.ts';
import type { AlertRule } from './alert-rule.ts';
import type { AlertsMesh } from './alerts-mesh.ts';
import type { Observation } from './alerts-state.ts';
import { ClockWatch } from './clock-watch.ts';
import { GrowthWatch } from './growth-watch.ts';
import { type KnownPeer, PeerWatch } from './peer-watch.ts';
import { revokedNodes } from './revoked-nodes.ts';
import { TagWatch } from './tag-watch.ts';
import { FigureWatch, NewsWatch, type TopicWatch } from './topic-watch.ts';

/** What {@link Observer} looks at. */
export interface ObserverDependencies {
  readonly mesh: AlertsMesh;
  readonly directory: string;
  /** Serial ports; `null` where there are none to watch. */
  readonly ports: (() => Promise<readonly PortStatus[]>) | null;
}

/** The two clocks at a look. */
export interface LookTime {
  readonly nowMs: number;
  readonly atMs: number;
}

/** What a rule found at a look. */
export interface Look {
  readonly observations: readonly Observation[];
  readonly absent: 'clear' | 'hold';
}

/** Looks at the node for its rules. What several rules need is looked at once. */
export class Observer {
  readonly #deps: ObserverDependencies;
  readonly #peers: PeerWatch;
  readonly #clock = new ClockWatch();
  readonly #tags = new TagWatch();
  readonly #growth = new Map<string, GrowthWatch>();
  readonly #topics = new Map<string, TopicWatch>();
  #peersChanged = false;

  constructor(
    rules: readonly AlertRule[],
    { nowMs, peers }: { readonly nowMs: number; readonly peers: readonly KnownPeer[] },
    deps: ObserverDependencies,
  ) {
    this.#deps = deps;
    this.#peers = new PeerWatch(peers, nowMs);
    for (const rule of rules) {
      if (rule.watch === 'topic-silent') this.#topics.set(rule.name, new NewsWatch(rule, nowMs));
      if (rule.watch === 'value') this.#topics.set(rule.name, new FigureWatch(rule));
    }
  }

  /** Peers to remember over a restart. */
  get knownPeers(): readonly KnownPeer[] {
    return this.#peers.kept;
  }

  /** Whether those changed since this was last asked. */
  takePeersChanged(): boolean {
    const changed = this.#peersChanged;
    this.#peersChanged = false;
    return changed;
  }

  /** What hears the messages of a rule; `null` for a rule that is not about topics. */
  topicWatch(rule: string): TopicWatch | null {
    return this.#topics.get(rule) ?? null;
  }

  /** Looks for each rule; `take` is called in their order, and `fail` for one that could not be looked at. */
  async look(
    rules: readonly AlertRule[],
    time: LookTime,
    {
      take,
      fail,
    }: {
      readonly take: (rule: AlertRule, look: Look) => void;
      readonly fail: (rule: AlertRule, error: unknown) => void;
    },
  ): Promise<void> {
    const peers = this.#deps.mesh.peers();
    const silent = this.#lookAtPeers(peers, time);
    // A clock that jumped did so for all rules alike.
    const clock = this.#clock.look(time.nowMs, time.atMs);
    const tags = await this.#lookAtTags(rules, time.nowMs);
    for (const rule of rules) {
      try {
        take(rule, await this.#lookFor(rule, { peers, silent, clock, tags, time }));
      } catch (error) {
        // The others are looked at all the same.
        fail(rule, error);
      }
    }
  }

  async #lookFor(
    rule: AlertRule,
    seen: {
      readonly peers: readonly PeerStatus[];
      readonly silent: readonly Observation[];
      readonly clock: Observation;
      readonly tags: readonly Observation[] | null;
      readonly time: LookTime;
    },
  ): Promise<Look> {
    switch (rule.watch) {
      case 'peer-silent':
        return {
          observations: seen.silent,
          absent: this.#peers.isSettling(seen.time.nowMs) ? 'hold' : 'clear',
        };
      case 'backlog':
        return { observations: this.#backlog(rule, seen.peers), absent: 'hold' };
      case 'disk':
        return { observations: [await this.#disk(rule)], absent: 'hold' };
      case 'clock':
        return { observations: [seen.clock], absent: 'hold' };
      case 'fork':
        return { observations: this.#forks(), absent: 'clear' };
      case 'bad-tags':
        return { observations: seen.tags ?? [], absent: seen.tags === null ? 'hold' : 'clear' };
      case 'topic-silent':
      case 'value':
        return { observations: this.#topics.get(rule.name)!.look(seen.time.nowMs), absent: 'hold' };
      case 'test':
        return { observations: [], absent: 'hold' };
      default:
        return assertNever(rule.watch);
    }
  }

  #lookAtPeers(peers: readonly PeerStatus[], time: LookTime): readonly Observation[] {
    const isRevoked = revokedNodes(this.#deps.mesh);
    const { observations, changed } = this.#peers.look(peers, { ...time, isRevoked });
    this.#peersChanged ||= changed;
    return observations;
  }

  #backlog(rule: AlertRule, peers: readonly PeerStatus[]): readonly Observation[] {
    const growth = this.#growth.get(rule.name) ?? new GrowthWatch();
    this.#growth.set(rule.name, growth);
    const known = peers.filter(
      ({ node, channels }) => node !== null && channels.some(({ missingThere }) => missingThere !== null),
    );
    growth.keep(new Set(known.map(({ node }) => node!)));
    return known.map(({ node, name, channels }) => {
      const value = channels.reduce((sum, { missingThere }) => sum + (missingThere ?? 0), 0);
      const grows = !rule.growing || growth.grows(node!, value);
      // Over the limit and growing, where both are asked for.
      const beyond = rule.limit === null || value > rule.limit.at;
      if (!rule.growing) return { subject: name || node!, value };
      return { subject: name || node!, value, active: grows && beyond };
    });
  }

  async #disk(rule: AlertRule): Promise<Observation> {
    const { blocks, bfree, bavail, bsize } = await statfs(this.#deps.directory);
    const used = blocks - bfree;
    const percent = used + bavail === 0 ? 0 : (used / (used + bavail)) * 100;
    return {
      subject: '',
      value: rule.limit?.unit === 'bytes' ? bavail * bsize : Math.round(percent * 10) / 10,
    };
  }

  #forks(): readonly Observation[] {
    const names = new Set(
      this.#deps.mesh.forks().flatMap(({ alarm, name, author }) => (alarm ? [name || author] : [])),
    );
    return [...names].map((subject) => ({ subject, value: null, active: true }));
  }

  async #lookAtTags(rules: readonly AlertRule[], nowMs: number): Promise<readonly Observation[] | null> {
    const { ports } = this.#deps;
    if (ports === null || !rules.some(({ watch }) => watch === 'bad-tags')) return [];
    const found = await ports().catch(() => null);
    // A bridge that did not start says so itself.
    return found === null ? null : this.#tags.look(found, nowMs);
  }
}
