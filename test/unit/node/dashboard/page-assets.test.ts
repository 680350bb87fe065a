import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dashboard } from '../../../../node/dashboard/index.ts';
import { chooseEncoding, loadPageAssets } from '../../../../node/dashboard/page-assets.ts';
import { HttpWorld } from '../http/http-world.ts';

/** What a browser may have to fetch for the whole page. */
const TRANSFER_BYTES_MAX = 250_000;

let world: HttpWorld;
let document: string;

beforeAll(async () => {
  world = await HttpWorld.start({ plugins: [dashboard] });
  document = (await world.ask('/')).text;
});

afterAll(() => world.stop());

function linked(): string[] {
  return [...document.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, path]) => path!);
}

describe('the page', () => {
  test('is a document that names its files by a version, and may do nothing but its own', async () => {
    const { status, headers } = await world.ask('/');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['cache-control']).toBe('no-cache');
    expect(headers['content-security-policy']).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self';",
    );
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(document).not.toMatch(/style=|onclick=|<script>|<style>|https?:/);
    expect(linked().length).toBeGreaterThan(20);
  });

  test('has files that caches keep for ever, compressed as the browser takes them', async () => {
    for (const path of linked()) {
      const { status, headers } = await world.ask(path, { headers: { 'accept-encoding': 'gzip, br' } });
      expect({ path, status }).toEqual({ path, status: 200 });
      expect(headers).toMatchObject({
        'content-encoding': 'br',
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
      });
    }
  });

  test('is not sent again to who has it', async () => {
    const { headers } = await world.ask('/');
    const again = await world.ask('/', { headers: { 'if-none-match': String(headers.etag) } });
    expect(again).toMatchObject({ status: 304, text: '' });
  });

  test('has no file outside its folder, and none of another version', async () => {
    const { version } = loadPageAssets();
    for (const path of [
      `/assets/${version}/nothing.js`,
      `/assets/${version}/../page-files.ts`,
      `/assets/${version}/%2e%2e/page-files.ts`,
      `/assets/${version}/tsconfig.json`,
      '/assets/0000000000000000/main.js',
    ])
      expect({ path, status: (await world.ask(path)).status }).toEqual({ path, status: 404 });
  });

  test('takes at most 250 KB over the wire', async () => {
    const { document: page, files } = loadPageAssets();
    for (const encoding of ['br', 'gzip'] as const) {
      const sizes = await Promise.all(
        [page, ...files.values()].map(async (asset) => (await asset.bytes(encoding)).length),
      );
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(TRANSFER_BYTES_MAX);
    }
  });

  test('is the same in each encoding', async () => {
    const file = loadPageAssets().files.get('main.js')!;
    const plain = await file.bytes('identity');
    expect(brotliDecompressSync(await file.bytes('br'))).toEqual(plain);
    expect(gunzipSync(await file.bytes('gzip'))).toEqual(plain);
  });
});

test.each([
  ['gzip, deflate, br', 'br'],
  ['gzip', 'gzip'],
  ['br;q=0, gzip;q=0.5', 'gzip'],
  ['*', 'br'],
  ['identity', 'identity'],
  [undefined, 'identity'],
])('of %s takes %s', (accept, encoding) => {
  expect(chooseEncoding(accept)).toBe(encoding);
});
