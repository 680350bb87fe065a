import type { Mesh } from '../../src/index.ts';

/** What the control socket needs of a mesh. */
export type ServedMesh = Pick<
  Mesh,
  | 'node'
  | 'name'
  | 'publish'
  | 'subscribe'
  | 'status'
  | 'peers'
  | 'absentPeers'
  | 'channels'
  | 'logs'
  | 'gaps'
  | 'forks'
  | 'realm'
  | 'invite'
  | 'revoke'
  | 'declareChannels'
  | 'declarePolicy'
  | 'exportBundle'
  | 'history'
  | 'historyEnd'
  | 'lastValues'
  | 'whenStored'
  | 'holders'
  | 'importBundle'
>;
