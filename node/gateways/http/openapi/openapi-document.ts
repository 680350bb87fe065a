import { MESSAGE_PATHS } from './message-paths.ts';
import { ADMIN_PATHS, NODE_NAME, OPEN_PATHS, VIEW_PATHS } from './node-paths.ts';
import { SCHEMAS } from './schemas.ts';

/** A route that is served. */
export interface ServedRoute {
  readonly method: string;
  /** As fastify has it: `/assets/:version/*`. */
  readonly url: string;
}

type Paths = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const PATHS: Paths = { ...MESSAGE_PATHS, ...VIEW_PATHS, ...ADMIN_PATHS, ...OPEN_PATHS };

const TAGS = [
  ['publish', 'Publishing'],
  ['read', 'What is held'],
  ['follow', 'What arrives'],
  ['node', 'What the node knows'],
  ['admin', 'What changes the realm or the node'],
  ['health', 'Whether the node is well'],
];

/** The OpenAPI 3.1 document of the routes that this node serves. */
export function openApiDocument(
  version: string,
  routes: readonly ServedRoute[],
  further: readonly Paths[],
): object {
  const known: Paths = Object.assign({}, PATHS, ...further);
  return {
    openapi: '3.1.0',
    info: {
      title: 'sedge',
      version,
      summary: 'A brokerless messaging mesh for the edge.',
      description:
        'On the machine of the node, reading and publishing need no token unless the node says otherwise; everything else, and everybody from elsewhere, needs one with the right to it: `sedge token add`.',
      license: { name: 'Apache-2.0 OR MIT', identifier: 'Apache-2.0 OR MIT' },
    },
    servers: [{ url: '/' }],
    security: [{}, { token: [] }],
    tags: TAGS.map(([name, description]) => ({ name, description })),
    paths: servedPaths(known, routes),
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { ...SCHEMAS, NodeName: NODE_NAME },
    },
  };
}

/** Items of routes that are there; one of a part that is off is none. */
function servedPaths(known: Paths, routes: readonly ServedRoute[]): Paths {
  const served = new Set(routes.map(({ method, url }) => `${method.toLowerCase()} ${shapeOf(url)}`));
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [path, item] of Object.entries(known)) {
    const there = Object.entries(item).filter(([method]) => served.has(`${method} ${shapeOf(path)}`));
    if (there.length > 0) paths[path] = Object.fromEntries(there);
  }
  return paths;
}

/** What fastify's and OpenAPI's way to write a path have in common. */
export function shapeOf(path: string): string {
  return path.replaceAll(/\{[^}]+\}|:[^/]+|\*/g, '{}');
}
