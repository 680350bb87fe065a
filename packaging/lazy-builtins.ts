import type { Plugin } from 'esbuild';

const NAMESPACE = 'lazy-builtin';

/**
 * Takes `node:http` with `require` instead of `import`. The import of one of Node's own modules reads all that it exports
 * at once, and `http` exports `WebSocket`, which loads Node's whole client of HTTP: 2.3 MB of memory for nothing.
 */
export function lazyBuiltinsPlugin(): Plugin {
  return {
    name: NAMESPACE,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^(?:node:)?https?$/ }, ({ path, kind }) =>
        kind === 'import-statement' ? { path: path.replace(/^node:/, ''), namespace: NAMESPACE } : null,
      );
      onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({
        contents: `module.exports = require('node:${path}');`,
      }));
    },
  };
}
