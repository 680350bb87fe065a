export type {
  Alert,
  AlertReport,
  AlertSeverity,
  AlertTest,
  AlertWatch,
  RemoteAlert,
  WebhookStatus,
} from './alert.ts';
export { type AlertRule, BUILT_IN_RULES } from './alert-rule.ts';
export {
  type Acknowledgement,
  type AlertsDependencies,
  type AlertsOptions,
  AlertsService,
} from './alerts-service.ts';
