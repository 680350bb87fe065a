/** The four nodes of the demo, in their line; each knows its neighbours alone. */
export const NODES = Object.freeze(['A', 'B', 'C', 'D'] as const);
export type NodeName = (typeof NODES)[number];
