import type { RoutePlugin } from '../control/index.ts';
import type { MetricParts } from './gather-metrics.ts';
import type { MetricsPage } from './metrics-page.ts';

/** `GET /metrics`. What makes the page is loaded with the first scrape: who has no Prometheus does not pay for it. */
export function metricsPlugin(parts: MetricParts): RoutePlugin {
  let page: Promise<MetricsPage> | null = null;
  const load = async () => {
    const { MetricsPage } = await import('./metrics-page.ts');
    return new MetricsPage(parts);
  };
  return {
    name: 'metrics',
    addRoutes: (app) => {
      app.get('/metrics', { config: { scope: 'read' } }, async (_request, reply) => {
        page ??= load();
        const { contentType } = await page;
        const text = await (await page).render();
        return reply.type(contentType).send(text);
      });
    },
    openApiPaths: async () => ({
      '/metrics': {
        get: {
          operationId: 'metrics',
          summary: 'Figures for Prometheus',
          description: 'Text format 0.0.4; every metric is in docs/metrics.md.',
          responses: {
            200: {
              description: 'the page',
              content: {
                'text/plain': {
                  schema: { type: 'string' },
                  example: 'sedge_messages_published_total{channel="main"} 42\n',
                },
              },
            },
          },
        },
      },
    }),
  };
}
