import type { Plugin } from 'esbuild';

const NAMESPACE = 'lazy-package';
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/**
 * Gives `await import('yaml')` the names that it has unbuilt. Node finds out by itself which names a package in CommonJS
 * exports; the bundler gives such a module nothing but `default`.
 */
export function lazyPackagesPlugin(): Plugin {
  return {
    name: NAMESPACE,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^[^./]/ }, ({ path, kind, importer, resolveDir }) => {
        if (kind !== 'dynamic-import' || importer.includes('/node_modules/')) return null;
        return path.startsWith('node:') ? null : { path, namespace: NAMESPACE, pluginData: resolveDir };
      });
      onLoad({ filter: /.*/, namespace: NAMESPACE }, async ({ path, pluginData: resolveDir }) => {
        const exported = Object.keys(await import(path));
        const names = exported.filter((name) => IDENTIFIER.test(name) && name !== 'default');
        return { contents: `export { ${names.join(', ')} } from ${JSON.stringify(path)};`, resolveDir };
      });
    },
  };
}
