export { proveRun, type RunItem, type RunProof, runsOf } from './entry-run.ts';
export { Ingest, type IngestDependencies, type Origin, type StoredListener } from './ingest.ts';
export { PARKING_DEFAULTS, type ParkedEntry, type ParkingLimits, ParkingLot } from './parking-lot.ts';
export type { Verdict } from './verdict.ts';
