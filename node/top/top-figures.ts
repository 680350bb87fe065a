import type { AgentClient, AgentStatus, TelemetrySnapshot } from '../control/client/index.ts';

/** What one look at an agent gave. */
export interface TopFigures {
  readonly status: AgentStatus;
  readonly telemetry: TelemetrySnapshot;
  /** Alerts that fire here; `null` where the agent has none to tell. */
  readonly alertsFiring: number | null;
}

/** Asks a running agent for all that is shown. */
export async function readFigures(agent: AgentClient): Promise<TopFigures> {
  const [status, telemetry] = await Promise.all([agent.status(), agent.telemetry()]);
  return { status, telemetry, alertsFiring: status.agent.alerts?.firing ?? null };
}
