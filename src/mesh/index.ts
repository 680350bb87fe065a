export type { ChannelTraffic } from './channel-traffic.ts';
export type { DeliveredGap, DeliveredMessage, Delivery } from './delivery.ts';
export type { HistoryOptions, HistoryPage } from './history-reader.ts';
export type { Holder, Holders, HoldersOptions, MessageName } from './holder-query.ts';
export type { LastValues } from './last-values.ts';
export { Mesh, type MeshDependencies, type MessageToPublish } from './mesh.ts';
export type { MeshOptions } from './mesh-options.ts';
export type {
  ChannelLoss,
  ChannelStatus,
  ForkStatus,
  GapStatus,
  LogStatus,
  MeshStatus,
  PeerChannelStatus,
  PeerStatus,
  Problem,
} from './mesh-status.ts';
export { type OpenMeshOptions, openMesh } from './open-mesh.ts';
export type { Acknowledgement, Published, PublishedPlace, PublishOptions } from './publish-options.ts';
export type { Invited, InviteOptions, RealmStatus } from './realm-status.ts';
export type { SubscribeFrom, SubscribeOptions } from './subscribe-options.ts';
export type { AcceptTopic, JournalPlace, SelectiveSubscription, Subscription } from './subscription.ts';
export { type DamagedPlace, type LogVerification, verifyDirectory } from './verify-directory.ts';
