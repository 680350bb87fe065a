import { describe, expect, it } from 'vitest';
import { referencePages } from '../../tools/api-reference/reference-pages.ts';

const pages = referencePages();

describe('the API reference', () => {
  it.each(pages)('$file is what the docstrings say (rewrite it with "npm run docs:api")', async (page) => {
    await expect(page.text).toMatchFileSnapshot(`../../${page.file}`);
  });

  it.each(pages)('$file has a docstring for each export', ({ undocumented }) => {
    expect(undocumented).toEqual([]);
  });
});
