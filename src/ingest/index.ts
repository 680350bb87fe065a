export { type Contradiction, contradictionOf } from './contradiction.ts';
export { proveRun, type RunItem, type RunProof, runsOf } from './entry-run.ts';
export type { Fork } from './fork-book.ts';
export { cutForkProof } from './fork-parts.ts';
export { encodeForkProof, FORK_TOPIC, type ForkKind, type ForkProof, proofOfVouching } from './fork-proof.ts';
export type { ForkEvent, ForkWatch, ProofOrigin } from './fork-watch.ts';
export { Ingest, type IngestDependencies, type Origin, type StoredListener } from './ingest.ts';
export { PARKING_DEFAULTS, type ParkedEntry, type ParkingLimits, ParkingLot } from './parking-lot.ts';
export type { Verdict } from './verdict.ts';
