export {
  type BundleChannel,
  type BundleExport,
  type BundleHeader,
  type BundlePart,
  type BundleState,
  type ExportOptions,
  type ExportSince,
  type ExportSummary,
  type ImportCounts,
  type ImportOptions,
  type ImportSummary,
  readBundle,
} from './bundle/index.ts';
export { type Ed25519Backend, memoizedEd25519, nativeEd25519, useEd25519 } from './cose/index.ts';
export {
  type EntryId,
  type EpochId,
  type LogId,
  type Message,
  PAYLOAD_BYTES_MAX,
  type PublishId,
} from './entry/index.ts';
export {
  Counters,
  describeError,
  ERROR_TABLE,
  type ErrorCode,
  type ErrorDetails,
  isSedgeError,
  type Log,
  SedgeError,
  silentLog,
} from './errors/index.ts';
export type { NodeId } from './identity/index.ts';
// For simulators and overlays of one's own: what a node is built from.
export { Identity, publicKeyOf } from './identity/index.ts';
export {
  type CrashOptions,
  type Disk,
  type DiskFile,
  type DiskOperation,
  diskError,
  MemoryDisk,
} from './journal/index.ts';
export type { MeshDependencies } from './mesh/index.ts';
export {
  type Acknowledgement,
  type ChannelStatus,
  type DamagedPlace,
  type DeliveredGap,
  type DeliveredMessage,
  type Delivery,
  type ForkStatus,
  type GapStatus,
  type Invited,
  type InviteOptions,
  type LogStatus,
  type LogVerification,
  Mesh,
  type MeshOptions,
  type MeshStatus,
  type MessageToPublish,
  type OpenMeshOptions,
  openMesh,
  type PeerStatus,
  type Problem,
  type Published,
  type PublishOptions,
  type RealmStatus,
  type SubscribeFrom,
  type SubscribeOptions,
  type Subscription,
  verifyDirectory,
} from './mesh/index.ts';
export type {
  GossipHandler,
  GossipVerdict,
  Overlay,
  OverlayStream,
  PeerEvent,
  PeerInfo,
  PeerSource,
} from './overlay/index.ts';
export {
  Libp2pOverlay,
  type OverlayDependencies,
  type OverlayOptions,
  type VirtualHost,
  type VirtualPlace,
  type VirtualSocket,
  type VirtualSocketEvents,
} from './overlay/index.ts';
export {
  backupRoot,
  type ChannelDeclaration,
  createRealm,
  grantNode,
  initRealmDirectory,
  isName,
  isRealmDirectory,
  joinRealmDirectory,
  makeRecord,
  NAME_BYTES_MAX,
  Realm,
  type RealmAnchor,
  type RealmDirectory,
  type RealmNode,
  type Role,
  readRealmDirectory,
  removeRoot,
} from './realm/index.ts';
export { checkTopic, TopicFilter } from './topic/index.ts';
