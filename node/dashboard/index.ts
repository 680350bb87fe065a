import type { RoutePlugin } from '../control/index.ts';
import { addDashboardRoutes } from './dashboard-routes.ts';

/** The dashboard of a node, over HTTP. */
export const dashboard: RoutePlugin = Object.freeze({
  name: 'dashboard',
  addRoutes: addDashboardRoutes,
  openApiPaths: async () => (await import('./dashboard-open-api.ts')).DASHBOARD_PATHS,
});
