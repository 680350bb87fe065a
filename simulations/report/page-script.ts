import { readFileSync } from 'node:fs';

/** Modules of the page, each after those that it imports. */
const MODULES = [
  'dom',
  'format',
  'axis',
  'tooltip',
  'cursor',
  'line-chart',
  'timeline',
  'delay-chart',
  'convergence',
  'topology',
  'node-table',
  'run-view',
  'main',
] as const;

/**
 * The page's modules as one script, so that the report is one file: each becomes a function that returns what it
 * exports, and takes what it imports from those before.
 */
export function pageScript(): string {
  return `'use strict';\nconst modules = {};\n${MODULES.map(moduleScript).join('\n')}`;
}

function moduleScript(name: string): string {
  const exported: string[] = [];
  const body = pageFile(`${name}.js`)
    .replaceAll(/^import (\{[^}]*\}) from '\.\/([a-z-]+)\.js';$/gm, "const $1 = modules['$2'];")
    .replaceAll(/^export (function|const) (\w+)/gm, (_, kind: string, what: string) => {
      exported.push(what);
      return `${kind} ${what}`;
    });
  return `modules['${name}'] = (() => {\n${body}return { ${exported.join(', ')} };\n})();\n`;
}

/** The page's style sheet. */
export function pageStyle(): string {
  return pageFile('report.css');
}

function pageFile(name: string): string {
  return readFileSync(new URL(`page/${name}`, import.meta.url), 'utf8');
}
