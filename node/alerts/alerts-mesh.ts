import type { Mesh } from '../../src/index.ts';

/** What the alerts need of a mesh. */
export type AlertsMesh = Pick<
  Mesh,
  'node' | 'name' | 'peers' | 'forks' | 'realm' | 'subscribe' | 'publishAlert'
>;
