import { readdirSync, readFileSync } from 'node:fs';

/** A file of the page as it is on the disk. */
export interface PageFile {
  /** Path below the folder of the assets; modules import each other by it. */
  readonly path: string;
  readonly bytes: Buffer;
}

/** The one third-party script: plots. */
const UPLOT_SCRIPT = new URL('../../node_modules/uplot/dist/uPlot.iife.min.js', import.meta.url);
const UPLOT_STYLE = new URL('../../node_modules/uplot/dist/uPlot.min.css', import.meta.url);
const PAGE = new URL('./page/', import.meta.url);

/** Reads all files of the page: they are what the browser gets, without a build. */
export function readPageFiles(): PageFile[] {
  const own = readdirSync(PAGE, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.(js|css|svg|html)$/.test(path))
    .sort();
  return [
    ...own.map((path) => ({ path, bytes: readFileSync(new URL(path, PAGE)) })),
    { path: 'uplot.js', bytes: readFileSync(UPLOT_SCRIPT) },
    { path: 'uplot.css', bytes: readFileSync(UPLOT_STYLE) },
  ];
}
