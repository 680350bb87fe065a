import { type Log, partLog } from '../../src/errors/index.ts';
import { BUILT_IN_RULES } from '../alerts/alert-rule.ts';
import type { AlertsMesh } from '../alerts/alerts-mesh.ts';
import type { AlertsService } from '../alerts/index.ts';
import type { AgentSettings } from '../config/index.ts';
import type { SerialGateway } from '../gateways/serial/serial-gateway.ts';

/** What the alerts of an agent are made of. */
export interface AlertsParts {
  readonly directory: string;
  readonly settings: AgentSettings;
  readonly version: string;
  readonly log: Log;
  readonly nowMs: () => number;
  readonly mesh: AlertsMesh;
  readonly serial: SerialGateway;
}

/** Whether an agent of these settings has alerts. */
export function hasAlerts({ alerts = BUILT_IN_RULES }: AgentSettings): boolean {
  return alerts.length > 0;
}

/** Starts the alerts of an agent; `null` where they are off. */
export async function startAlerts(parts: AlertsParts): Promise<AlertsService | null> {
  const { directory, settings, version, serial } = parts;
  const { alerts: rules = BUILT_IN_RULES, alertWebhook: webhooks = [] } = settings;
  if (!hasAlerts(settings)) return null;
  const { AlertsService } = await import('../alerts/index.ts');
  // Asking for its ports would load the bridge.
  const ports = (settings.serial ?? []).length === 0 ? null : () => serial.ports();
  const steadyMs = () => performance.now();
  const deps = { ...parts, log: partLog(parts.log, 'alerts'), ports, steadyMs, random: Math.random };
  const service = new AlertsService({ directory, rules, webhooks, version }, deps);
  await service.start();
  return service;
}
