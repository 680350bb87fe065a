import type { Telemetry } from '../telemetry/index.ts';

/** What the control socket needs of the telemetry. */
export type ServedTelemetry = Pick<Telemetry, 'snapshot' | 'look'>;
