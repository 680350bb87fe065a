/** Path items of the dashboard for the OpenAPI document. */
export const DASHBOARD_PATHS: Readonly<Record<string, object>> = Object.freeze({
  '/': {
    get: {
      operationId: 'dashboard',
      summary: 'The dashboard',
      description: 'A page for people. What it shows it reads from this API.',
      security: [],
      responses: {
        200: { description: 'The page', content: { 'text/html': { schema: { type: 'string' } } } },
      },
    },
  },
  '/favicon.ico': {
    get: {
      operationId: 'favicon',
      summary: 'Where the icon of the dashboard is',
      security: [],
      responses: { 302: { description: 'Its place' } },
    },
  },
  '/assets/{version}/{path}': {
    get: {
      operationId: 'dashboardAsset',
      summary: 'A file of the dashboard',
      description: 'The version is a hash of all files: what it names never changes.',
      security: [],
      parameters: [
        {
          name: 'version',
          in: 'path',
          required: true,
          schema: { type: 'string', pattern: '^[0-9a-f]{16}$' },
        },
        { name: 'path', in: 'path', required: true, schema: { type: 'string' } },
      ],
      responses: {
        200: { description: 'The file' },
        304: { description: 'As the client has it' },
        404: { description: 'No such file in this version' },
      },
    },
  },
});
