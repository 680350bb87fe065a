import type { Mesh } from '../../../src/index.ts';

/** What the gateway needs of a mesh. */
export type MqttMesh = Pick<
  Mesh,
  | 'node'
  | 'name'
  | 'publish'
  | 'subscribe'
  | 'subscribeWhere'
  | 'forgetSubscription'
  | 'positions'
  | 'retained'
  | 'publishedBy'
>;
