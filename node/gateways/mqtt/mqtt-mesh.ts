import type { Mesh } from '../../../src/index.ts';

/** What the gateway needs of a mesh. */
export type MqttMesh = Pick<
  Mesh,
  | 'node'
  | 'name'
  | 'publish'
  | 'subscribeWhere'
  | 'forgetSubscription'
  | 'positions'
  | 'retained'
  | 'publishedBy'
>;
