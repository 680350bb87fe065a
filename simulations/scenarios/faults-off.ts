import type { Duration } from '../world/duration.ts';
import type { SimulatedMesh } from '../world/simulated-mesh.ts';
import type { TrafficByKind } from '../world/virtual-network.ts';
import type { FieldTraffic } from './field-traffic.ts';
import { really } from './really.ts';

/** Sync of a link at rest, in a minute and both directions: greetings, and some more for chance. */
const REST_BYTES_A_MINUTE = 4_000;
/** What came last is still being talked about for so long. */
const CALM_MS = 40_000;

/**
 * The second part of every scenario: all faults end, the mesh comes to hold the same everywhere, a message of each node still
 * reaches all, and then the links come to rest.
 */
export async function faultsOff(
  mesh: SimulatedMesh,
  traffic: FieldTraffic,
  options: {
    /** @defaultValue two minutes */
    readonly within?: Duration;
    /** Hostile hosts do not rest. @defaultValue `true` on the model overlay */
    readonly rest?: boolean;
    /** Nodes that stay down. */
    readonly except?: readonly string[];
  } = {},
): Promise<void> {
  const { within = '2m', rest = mesh.overlay === 'model', except = [] } = options;
  await endFaults(mesh, except);
  await mesh.converged({ within });
  await traffic.all(
    mesh.nodes.map(({ name }) => name),
    'site/probe',
  );
  await mesh.advance('20s');
  await mesh.converged({ within });
  if (!rest) return;
  await mesh.advance(CALM_MS);
  const before = syncBytes(mesh.network.traffic());
  await mesh.advance('1m');
  const bytes = syncBytes(mesh.network.traffic()) - before;
  const links = [...mesh.links.pairs()].length;
  really(
    bytes <= links * REST_BYTES_A_MINUTE,
    `links come to rest: ${bytes} bytes of sync in a minute over ${links} links, with nothing new`,
  );
}

/** Links heal, disks have room and work, nodes start again. */
export async function endFaults(mesh: SimulatedMesh, except: readonly string[] = []): Promise<void> {
  mesh.heal();
  for (const [a, b] of [...mesh.links.pairs()]) if (!mesh.links.isOpen(a, b)) mesh.mend(a, b);
  for (const node of mesh.nodes) {
    node.disk.capacityBytes = Number.POSITIVE_INFINITY;
    node.disk.onOperation = null;
    if (node.running && node.disk.dead) await mesh.crash(node.name);
    if (!node.running && !except.includes(node.name)) await mesh.restart(node.name);
  }
}

function syncBytes(traffic: TrafficByKind): number {
  return Object.entries(traffic).reduce(
    (sum, [kind, { bytes }]) => sum + (kind.includes('sync') ? bytes : 0),
    0,
  );
}
