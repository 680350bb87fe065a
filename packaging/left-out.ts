import type { Plugin } from 'esbuild';

const NAMESPACE = 'left-out';

/** Packages whose code would be carried along and never run, each with the reason. */
const LEFT_OUT: Readonly<Record<string, string>> = Object.freeze({
  '@fastify/ajv-compiler': 'the routes have no schemas (node/control/api-app.ts)',
  '@fastify/fast-json-stringify-compiler': 'the routes have no schemas (node/control/api-app.ts)',
  'light-my-request': 'requests without a socket are for tests',
  'cbor-extract': 'optional native code: it speeds up long texts, of which entries have few',
});

/** Puts an error in place of {@link LEFT_OUT}: asked for all the same, it says why it is not there. */
export function leftOutPlugin(): Plugin {
  return {
    name: NAMESPACE,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^[@a-z]/ }, ({ path }) =>
        Object.hasOwn(LEFT_OUT, path) ? { path, namespace: NAMESPACE } : null,
      );
      onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({
        contents: `throw new Error(${JSON.stringify(`${path} is not in the bundle: ${LEFT_OUT[path]}`)});`,
      }));
    },
  };
}
