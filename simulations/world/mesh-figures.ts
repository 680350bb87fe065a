import type { SimulatedMesh } from './simulated-mesh.ts';
import type { TrafficByKind } from './virtual-network.ts';

/** Figures of a simulated mesh. */
export interface MeshFigures {
  /** Virtual milliseconds since the mesh was ready. */
  readonly sinceReadyMs: number;
  readonly nodes: number;
  readonly running: number;
  readonly published: number;
  readonly events: number;
  /** Entries and messages held, over all running nodes. */
  readonly entries: number;
  readonly messages: number;
  readonly diskBytes: number;
  /** What all nodes sent, by kind. */
  readonly traffic: TrafficByKind;
  /** Bytes of the process's heap and of its buffers. */
  readonly heapBytes: number;
  readonly bufferBytes: number;
}

/** The figures of a mesh now. */
export function figuresOf(mesh: SimulatedMesh, events: number): MeshFigures {
  const running = mesh.nodes.filter((node) => node.running);
  const channels = running.flatMap((node) => node.mesh.channels());
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return {
    sinceReadyMs: mesh.sinceReadyMs,
    nodes: mesh.nodes.length,
    running: running.length,
    published: mesh.published.length,
    events,
    entries: channels.reduce((sum, { entries }) => sum + entries, 0),
    messages: channels.reduce((sum, { messages }) => sum + messages, 0),
    diskBytes: mesh.nodes.reduce((sum, { disk }) => sum + disk.usedBytes, 0),
    traffic: mesh.network.traffic(),
    heapBytes: heapUsed,
    bufferBytes: arrayBuffers,
  };
}
