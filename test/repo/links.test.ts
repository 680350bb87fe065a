import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { anchorsOf, withoutCode } from './page-anchors.ts';
import { pages } from './pages.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
interface Link {
  /** Path from the root of the clone. */
  readonly file: string;
  readonly anchor: string | undefined;
}

/** Links and pictures of a page that stay within the clone. */
function linksOf(page: string): Link[] {
  const text = withoutCode(readFileSync(join(ROOT, page), 'utf8'));
  const inline = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  const html = [...text.matchAll(/(?:src|srcset|href)="([^"]+)"/g)].map(([, target]) => target!);
  return [...inline, ...html]
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path, anchor] = target.split('#');
      const file = path === '' ? page : relative(ROOT, resolve(ROOT, dirname(page), path!));
      return { file, anchor };
    });
}

function leadsNowhere({ file, anchor }: Link): boolean {
  const path = join(ROOT, file);
  if (!existsSync(path)) return true;
  if (anchor === undefined) return false;
  if (statSync(path).isDirectory() || !file.endsWith('.md')) return true;
  return !anchorsOf(readFileSync(path, 'utf8')).has(anchor);
}

describe('the pages', () => {
  it.each(pages())('%s links only to what exists, headings too', (page) => {
    expect(linksOf(page).filter(leadsNowhere)).toEqual([]);
  });

  it('below docs are all reached from docs/README.md', () => {
    const reached = new Set(['docs/README.md']);
    for (const page of reached)
      for (const { file } of linksOf(page))
        if (file.startsWith('docs/') && file.endsWith('.md') && existsSync(join(ROOT, file)))
          reached.add(file);
    expect(pages().filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([]);
  });
});
