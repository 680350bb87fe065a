export { fileAddressBook } from './file-address-book.ts';
export type { VirtualPlace } from './libp2p-node.ts';
export { Libp2pOverlay } from './libp2p-overlay.ts';
export { OfflineOverlay } from './offline-overlay.ts';
export type {
  GossipHandler,
  GossipVerdict,
  Overlay,
  OverlayStream,
  PeerEvent,
  PeerInfo,
  PeerSource,
} from './overlay.ts';
export type { AddressBook, AddressBookRow, OverlayDependencies, OverlayOptions } from './overlay-options.ts';
export type { VirtualHost, VirtualSocket, VirtualSocketEvents } from './virtual-host.ts';
