import type { Mesh } from '../../../src/index.ts';

/** What a bridge needs of a mesh. */
export type BridgeMesh = Pick<
  Mesh,
  'node' | 'publish' | 'subscribe' | 'subscribeWhere' | 'retained' | 'publishedBy' | 'status'
>;
