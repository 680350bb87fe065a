import type { ScaleRow } from './scale-row.ts';

/** What the figures say about a mesh that was not measured. */
export interface ScaleOutlook {
  readonly nodes: number;
  /** Sent by a node at one message a second in the whole mesh, bytes a second. */
  readonly gossipBytesPerSecond: number;
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
  /** Sent by a node while nothing is published, bytes a second. */
  readonly idleBytesPerSecond: number;
  /** Sent once by a node in the life of the mesh, where every node publishes. */
  readonly introductionBytes: number;
  /** Kept in a node's memory of all others, where every node publishes. */
  readonly keptBytes: number;
}

/**
 * Draws the measured lines on: what a node sends for a message or while idle does not depend on the number of nodes, so
 * the figures of the largest meshes go on; delay grows with the number of hops, in a mesh of chance links with the
 * logarithm of the nodes (fitted over the model's rows), and is as much longer on libp2p as it was in the largest mesh
 * that both ran. `rows` has meshes of both overlays.
 */
export function scaleOutlook(rows: readonly ScaleRow[], nodes: number): ScaleOutlook {
  const bySize = [...rows].sort((a, b) => a.nodes - b.nodes);
  const model = bySize.filter(({ overlay }) => overlay === 'model');
  const largest = model.at(-1)!;
  const real = bySize.filter(({ overlay }) => overlay === 'libp2p').at(-1)!;
  const alike = model.find((row) => row.nodes === real.nodes)!;
  const delay = (of: (row: ScaleRow) => number) =>
    Math.round((fitted(model, of)(Math.log(nodes)) * of(real)) / of(alike));
  const idle = largest.syncBytesPerNodePerMinute + real.connectionBytesPerNodePerMinute;
  return {
    nodes,
    gossipBytesPerSecond: real.gossipBytesPerMessagePerNode,
    delayP50Ms: delay((row) => row.delayP50Ms),
    delayP99Ms: delay((row) => row.delayP99Ms),
    idleBytesPerSecond: Math.round(idle / 60),
    introductionBytes: largest.introductionBytesPerNode * nodes,
    keptBytes: largest.authorMemoryBytesPerNode * nodes,
  };
}

/** The outlook in sentences, one a line. */
export function outlookText(outlook: ScaleOutlook): string {
  const number = (value: number) => value.toLocaleString('en-US');
  const megabytes = (bytes: number) => `${number(Math.round(bytes / 1e6))} MB`;
  return [
    `${number(outlook.nodes)} nodes, drawn on from the table:`,
    `- a message a second in the whole mesh costs each node ${number(outlook.gossipBytesPerSecond)} B/s, and ten messages a second ten times that;`,
    `- it is at half of the nodes after ${number(outlook.delayP50Ms)} ms and at 99 of 100 after ${number(outlook.delayP99Ms)} ms, over links of 20 to 30 ms;`,
    `- a node that is idle sends ${number(outlook.idleBytesPerSecond)} B/s;`,
    `- where all of them publish, a node sends ${megabytes(outlook.introductionBytes)} in all to get every author known, and keeps ${megabytes(outlook.keptBytes)} of them in memory.`,
  ].join('\n');
}

/** Least squares over the logarithm of the nodes. */
function fitted(rows: readonly ScaleRow[], of: (row: ScaleRow) => number): (logNodes: number) => number {
  const points = rows.map((row) => ({ x: Math.log(row.nodes), y: of(row) }));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x0 = mean(points.map(({ x }) => x));
  const y0 = mean(points.map(({ y }) => y));
  const spread = points.reduce((sum, { x }) => sum + (x - x0) ** 2, 0);
  const slope = spread === 0 ? 0 : points.reduce((sum, { x, y }) => sum + (x - x0) * (y - y0), 0) / spread;
  return (x) => y0 + slope * (x - x0);
}
