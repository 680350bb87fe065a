import type { AlertsService } from '../alerts/index.ts';

/** What the API needs of the alerts. */
export type ServedAlerts = Pick<AlertsService, 'report' | 'acknowledge' | 'test'>;
