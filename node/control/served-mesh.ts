import type { Acknowledgement, Mesh, Published } from '../../src/index.ts';
import type { MessageToPublish } from './publish-line.ts';

/** What the control socket needs of a mesh. */
export type ServedMesh = Pick<
  Mesh,
  | 'node'
  | 'name'
  | 'publish'
  | 'subscribe'
  | 'status'
  | 'peers'
  | 'channels'
  | 'logs'
  | 'gaps'
  | 'realm'
  | 'invite'
  | 'revoke'
  | 'declareChannels'
> & {
  publishMany(messages: readonly MessageToPublish[], ack: Acknowledgement): Promise<readonly Published[]>;
};
