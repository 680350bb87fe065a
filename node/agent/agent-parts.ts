import type { Log } from '../../src/errors/index.ts';
import type { AgentSettings } from '../config/index.ts';
import type { ApiParts } from '../control/index.ts';

/** What an agent needs. */
export interface AgentParts {
  readonly directory: string;
  readonly settings: AgentSettings;
  readonly version: string;
  readonly log: Log;
  /** Its levels, where they can be changed. */
  readonly logLevels?: ApiParts['logLevels'];
  readonly nowMs: () => number;
}

/** What is known of an agent once it is ready. */
export interface AgentReady {
  readonly node: string;
  readonly name: string;
  readonly addresses: readonly string[];
  /** Where MQTT clients connect, as host:port. */
  readonly mqtt?: readonly string[];
  /** Where the HTTP API is, as URLs. */
  readonly http?: readonly string[];
}
