import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
const IMAGES = readdirSync(join(ROOT, 'docs/images')).filter((name) => name.endsWith('.svg'));
/** A picture larger than this is no sketch any more. */
const IMAGE_BYTES_MAX = 8_192;

describe('docs/architecture.md', () => {
  it('names only files and folders that exist', () => {
    const named = [...PAGE.matchAll(/`((?:src|node|test|simulations|firmware-bridge)\/[^`*]+)`/g)];
    const paths = [...new Set(named.map(([, path]) => path!))];
    expect(paths.length).toBeGreaterThan(50);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('has every layer of src in its table and its picture', () => {
    const picture = readFileSync(join(ROOT, 'docs/images/layers.svg'), 'utf8');
    for (const { name } of readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((one) =>
      one.isDirectory(),
    )) {
      expect(PAGE).toContain(`| \`src/${name}\` |`);
      expect(picture).toContain(`>${name}</text>`);
    }
  });

  it.each(IMAGES)('%s is small, says what it shows, and is made for light and dark', (name) => {
    const path = join(ROOT, 'docs/images', name);
    expect(statSync(path).size).toBeLessThan(IMAGE_BYTES_MAX);
    const svg = readFileSync(path, 'utf8');
    expect(svg).toContain('<title');
    expect(svg).toContain('prefers-color-scheme:dark');
  });
});
