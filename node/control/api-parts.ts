import type { Log } from '../../src/errors/index.ts';
import type { ServedAlerts } from './served-alerts.ts';
import type { ServedBridges } from './served-bridges.ts';
import type { ServedDevices } from './served-devices.ts';
import type { ServedHttp } from './served-http.ts';
import type { ServedLogLevels } from './served-log-levels.ts';
import type { ServedMesh } from './served-mesh.ts';
import type { ServedMqtt } from './served-mqtt.ts';
import type { ServedTelemetry } from './served-telemetry.ts';

/** What the routes of an agent work with, on the control socket and over HTTP alike. */
export interface ApiParts {
  readonly mesh: ServedMesh;
  readonly devices: ServedDevices;
  /** `null` where MQTT is off. */
  readonly mqtt?: ServedMqtt | null;
  /** The HTTP API; `null` where it is off. */
  readonly http?: () => ServedHttp | null;
  /** `null` where there are none. */
  readonly bridges?: ServedBridges | null;
  /** Figures of the agent; without it their route is not there. */
  readonly telemetry?: ServedTelemetry;
  /** `null` where they are off. */
  readonly alerts?: ServedAlerts | null;
  readonly log: Log;
  /** Levels that can be changed; without them their routes are not there. */
  readonly logLevels?: ServedLogLevels;
  /** Facts of the process for `status`. */
  readonly agentFacts: () => Readonly<Record<string, unknown>>;
  /** Someone asked the agent to stop. */
  readonly onStop: () => void;
}
