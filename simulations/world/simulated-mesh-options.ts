import type { ChannelDeclaration } from '../../src/index.ts';
import type { HistoryEvent } from './history.ts';
import type { SimulatedNodeOptions } from './simulated-node.ts';
import type { Topology } from './topology.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { LinkSettings, VirtualNetwork } from './virtual-network.ts';

/** What a network of a simulated mesh is made with. */
export interface NetworkContext {
  readonly clock: VirtualClock;
  readonly random: () => number;
  /** Both directions of every link until they are set. */
  readonly link: Partial<LinkSettings>;
}

/** Options of a simulated mesh; all may be left out. */
export interface SimulatedMeshOptions {
  /** How many nodes, named n1, n2 and so on. @defaultValue 3 */
  readonly nodes?: number;
  /** Their names instead. */
  readonly names?: readonly string[];
  /** @defaultValue `ring()` */
  readonly topology?: Topology;
  /**
   * `model`: links, flooding and streams without heartbeats. `libp2p`: libp2p and gossipsub as in the field, over the
   * same links. Or a network of one's own. @defaultValue `'model'`
   */
  readonly overlay?: 'model' | 'libp2p' | ((context: NetworkContext) => VirtualNetwork);
  /** Decides keys, names, jitter and all chance. @defaultValue 1 */
  readonly seed?: number | string;
  /** Channels of the realm beside `main`. */
  readonly channels?: readonly ChannelDeclaration[];
  /** Every link, in both directions. @defaultValue 5 ms, no jitter, no limit of rate */
  readonly link?: Partial<LinkSettings>;
  /** Every node. */
  readonly all?: SimulatedNodeOptions;
  /** Single nodes, by name; goes before `all`. */
  readonly node?: Readonly<Record<string, SimulatedNodeOptions>>;
  /** When it begins, milliseconds since 1970. @defaultValue the start of 2026, UTC */
  readonly startMs?: number;
  /** Wait until linked nodes know each other before the history begins. @defaultValue `true` */
  readonly settle?: boolean;
  /** Keep the events in `history`; without them memory stays flat and the digest is the same. @defaultValue `true` */
  readonly keepHistory?: boolean;
  /** Told of each event. */
  readonly onEvent?: (event: HistoryEvent) => void;
  /** Told several times a second of real time how far virtual time is, milliseconds since the mesh was ready. */
  readonly onProgress?: (sinceReadyMs: number) => void;
  /** Ends whatever wait is under way. */
  readonly signal?: AbortSignal;
}
