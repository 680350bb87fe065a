import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, gzip, constants as zlib } from 'node:zlib';
import { type PageFile, readPageFiles } from './page-files.ts';

/** How a file is sent. */
export type AssetEncoding = 'br' | 'gzip' | 'identity';

/** A file of the page, ready to be sent. */
export interface PageAsset {
  readonly type: string;
  readonly etag: string;
  bytes(encoding: AssetEncoding): Promise<Buffer>;
}

/** The page: its document, and its files under a version that changes with any of them. */
export interface PageAssets {
  readonly version: string;
  readonly document: PageAsset;
  /** By path below `/assets/<version>/`. */
  readonly files: ReadonlyMap<string, PageAsset>;
}

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  html: 'text/html; charset=utf-8',
};
const DOCUMENT = 'index.html';

const brotli = promisify(brotliCompress);
const deflate = promisify(gzip);

/**
 * Reads the page's files. Modules import each other by relative paths, so one hash in the path of all of them is enough
 * for caches to keep them for ever; the document alone is asked for each time.
 */
export function loadPageAssets(files: readonly PageFile[] = readPageFiles()): PageAssets {
  const hash = createHash('sha256');
  for (const { path, bytes } of files) hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  const version = hash.digest('hex').slice(0, 16);
  const own = files.filter(({ path }) => path !== DOCUMENT);
  const template = files.find(({ path }) => path === DOCUMENT)!.bytes.toString('utf8');
  const document = template
    .replaceAll('{{assets}}', `/assets/${version}`)
    .replace('{{preloads}}', own.map(({ path }) => preload(version, path)).join(''));
  return {
    version,
    document: asset(DOCUMENT, Buffer.from(document)),
    files: new Map(own.map(({ path, bytes }) => [path, asset(path, bytes)])),
  };
}

/** Modules are asked for at once, not one import after the other: over a slow line each round trip counts. */
function preload(version: string, path: string): string {
  if (!path.endsWith('.js') || path === 'uplot.js') return '';
  return `<link rel="modulepreload" href="/assets/${version}/${path}">\n`;
}

function asset(path: string, bytes: Buffer): PageAsset {
  const compressed = new Map<AssetEncoding, Promise<Buffer>>([['identity', Promise.resolve(bytes)]]);
  return {
    type: TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    bytes(encoding) {
      // Once, when it is first asked for: a node whose page nobody opens does not pay for it.
      const known = compressed.get(encoding);
      if (known !== undefined) return known;
      const done = encoding === 'br' ? brotli(bytes, brotliOptions(bytes)) : deflate(bytes, { level: 9 });
      compressed.set(encoding, done);
      return done;
    },
  };
}

/** Quality 9 is within a few hundredths of the best, at a tenth of its time. */
function brotliOptions(bytes: Buffer) {
  return {
    params: {
      [zlib.BROTLI_PARAM_QUALITY]: 9,
      [zlib.BROTLI_PARAM_MODE]: zlib.BROTLI_MODE_TEXT,
      [zlib.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  };
}

/** The best encoding that a request's `Accept-Encoding` takes (RFC 9110, section 12.5.3). */
export function chooseEncoding(accept: string | undefined): AssetEncoding {
  const wanted = new Map<string, number>();
  for (const part of (accept ?? '').toLowerCase().split(',').slice(0, 32)) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    wanted.set(name, quality === undefined ? 1 : Number(quality));
  }
  const takes = (name: string): boolean => (wanted.get(name) ?? wanted.get('*') ?? 0) > 0;
  if (takes('br')) return 'br';
  return takes('gzip') ? 'gzip' : 'identity';
}
