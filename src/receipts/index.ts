export { HoldingsFile } from './holdings-file.ts';
export {
  HOLDING_DEFAULTS,
  type Holding,
  type HoldingLimits,
  type HoldingSource,
  type InSyncAt,
  PeerHoldings,
} from './peer-holdings.ts';
export type { ChannelLog } from './receipt-frames.ts';
export { type ReceiptsDependencies, ReceiptsService } from './receipts-service.ts';
export type { ReplicaWait } from './replica-waits-state.ts';
