import type { BenchChild } from './bench-child.ts';
import type { EndpointOptions } from './child/endpoint.ts';
import type { Stage } from './stage.ts';

/**
 * `library`: publisher or subscriber inside the node's process. `agent`: a client process beside an agent, over
 * its control socket. `gossipsub`: plain js-libp2p, for comparison.
 */
export type Variant = 'library' | 'agent' | 'gossipsub';

/** A node of a workload and the process that publishes or subscribes at it. */
export interface BenchNode {
  /** Takes the commands. */
  readonly child: BenchChild;
  /** Process of the node itself, whose writes and memory count. */
  readonly pid: number;
  /** Multiaddr that the other node dials. */
  readonly address: string;
  /** kill -9 of the node itself. */
  kill(): Promise<void>;
}

/** Starts a node of a variant on a directory that {@link makeRealm} made, and the process at it. */
export async function openNode(stage: Stage, variant: Variant, options: EndpointOptions): Promise<BenchNode> {
  const child = stage.child();
  if (variant !== 'agent') {
    const { addresses } = await child.ask('open', { kind: variant, ...options });
    return { child, pid: child.pid, address: firstOf(addresses), kill: () => child.kill() };
  }
  const agent = stage.agent(options);
  await agent.ready();
  await child.ask('open', { kind: 'client', ...options });
  return { child, pid: agent.pid, address: agent.address, kill: () => agent.kill() };
}

function firstOf(addresses: readonly string[]): string {
  const [first] = addresses;
  if (first === undefined) throw new Error('The node listens nowhere.');
  return first;
}
